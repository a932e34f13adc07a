import { describe, expect, it } from 'vitest'
import { direct, inspect, remote } from '../../../test/support/container-sketch.ts'
import type { Sketch } from '../../../test/support/container-sketch.ts'
import type { MappingContext } from './mapping-context.ts'
import { registeringMapping } from './registering-mapping.ts'

const exposed = ['80/tcp']

async function map(
  register: 'published' | 'container',
  sketch: Sketch,
  context: MappingContext = direct,
  hostAddress: string | undefined = '10.0.0.1',
): Promise<{ places: string[]; problems: string[] }> {
  const mapping = registeringMapping({ register, hostAddress: () => hostAddress })
  const candidate = await mapping(inspect({ exposed, ...sketch }), context)
  return {
    places: candidate.endpoints.map(({ address, port }) => `${address}:${port}`),
    problems: candidate.problems.map(({ what }) => what),
  }
}

describe('what other hosts are told: published', () => {
  it('is the published port at the address of the host', async () => {
    expect(await map('published', { ports: { '80/tcp': 8000 } })).toEqual({
      places: ['10.0.0.1:8000'],
      problems: [],
    })
  })

  it('is the address that was given rather than that of the host', async () => {
    const given = { ...direct, publishedAddress: '10.9.9.9' }
    expect((await map('published', { ports: { '80/tcp': 8000 } }, given)).places).toEqual([
      '10.9.9.9:8000',
    ])
  })

  it('is nothing for a port that is not published, or on the loopback only', async () => {
    expect(await map('published', {})).toEqual({
      places: [],
      problems: ['port 80 not published on host'],
    })
    expect(await map('published', { ports: { '80/tcp': ['127.0.0.1:8000'] } })).toEqual({
      places: [],
      problems: ['port 80 is published on the loopback of host1 only'],
    })
  })

  it('is nothing as long as the address of the host is not known', async () => {
    const mapping = registeringMapping({ register: 'published', hostAddress: () => undefined })
    const candidate = await mapping(inspect({ exposed, ports: { '80/tcp': 8000 } }), direct)
    expect(candidate.endpoints).toEqual([])
    expect(candidate.problems[0]?.what).toContain('at which address is not known here')
  })

  it('is the host itself for a container on its network', async () => {
    const sketch = { mode: 'host', networks: {} }
    expect((await map('published', sketch)).places).toEqual(['10.0.0.1:80'])
  })

  it("is a remote daemon's own address, whatever the agent's is", async () => {
    const { places } = await map('published', { ports: { '80/tcp': 8000 } }, remote)
    expect(places).toEqual(['192.0.2.7:8000'])
  })
})

describe('what other hosts are told: container', () => {
  it('is its own address and port, on an overlay network too', async () => {
    expect((await map('container', { ports: { '80/tcp': 8000 } })).places).toEqual([
      '172.17.0.5:80',
    ])
    const networks = { apps: { driver: 'overlay', ip: '10.0.9.2' } }
    expect((await map('container', { networks, mode: 'apps' })).places).toEqual(['10.0.9.2:80'])
  })

  it('is the address on the named network, else a published port', async () => {
    const context = { ...direct, network: 'apps' }
    const networks = { apps: { driver: 'overlay', ip: '10.0.9.2' }, bridge: { ip: '172.17.0.5' } }
    expect((await map('container', { networks }, context)).places).toEqual(['10.0.9.2:80'])
    const elsewhere = { networks: { bridge: { ip: '172.17.0.5' } } }
    expect((await map('container', elsewhere, context)).places).toEqual([])
    const withPort = { ...elsewhere, ports: { '80/tcp': 8000 } }
    expect((await map('container', withPort, context)).places).toEqual(['10.0.0.1:8000'])
  })
})
