import { describe, expect, it } from 'vitest'
import { container, endpoint, registration } from '../../test/support/routing.ts'
import type { Candidate } from '../model/candidate.ts'
import { selectOf } from './select.ts'

const ports = (labels: Record<string, string>, ...numbers: readonly number[]): Candidate =>
  container('web-1', ...numbers.map((port) => endpoint('web-1', { port, labels })))

/** The exposed ports that are routed. */
function routed(candidate: Candidate, mode: 'web' | 'labelled' | 'all' = 'web'): number[] {
  const { byEndpoint } = selectOf(candidate, mode)
  return candidate.endpoints
    .filter(({ id }) => byEndpoint.get(id)?.isRouted)
    .map(({ exposedPort }) => exposedPort)
}

describe('a container without a routing label', () => {
  it.each([
    ['web', [80], [80]],
    ['web', [8080], [8080]],
    ['web', [80, 443], [80]],
    ['web', [80, 8080], [80]],
    ['web', [8080, 9090], []],
    ['web', [5432], []],
    ['labelled', [80], []],
    ['all', [5432], [5432]],
    ['all', [80, 443], [80]],
    ['all', [3000, 9090], []],
  ] as const)('under --route %s, with the ports %j, has %j routed', (mode, given, expected) => {
    expect(routed(ports({}, ...given), mode)).toEqual(expected)
  })

  it('is told which label would route it', () => {
    const { byEndpoint, problems } = selectOf(ports({}, 5432), 'web')
    expect(byEndpoint.get('node:web-1:5432')?.decisions).toEqual([
      {
        step: 'route',
        outcome: 'stop',
        what: 'it has no routing label, and port 5432 is not that of a website (80, or 8080 alone)',
        hint: 'add the label fairlead.port=5432',
      },
    ])
    expect(problems).toEqual([])
  })
})

describe('a labelled container', () => {
  it('is routed whatever its one port is, in every mode', () => {
    expect(routed(ports({ host: 'a.org' }, 5432))).toEqual([5432])
    expect(routed(ports({ enable: 'true' }, 5432), 'labelled')).toEqual([5432])
  })

  it('with several ports is routed at the one of fairlead.port', () => {
    expect(routed(ports({ port: '9090' }, 3000, 9090))).toEqual([9090])
  })

  it('with several ports and no fairlead.port is left out with the hint', () => {
    const candidate = ports({ host: 'a.org' }, 80, 443)
    expect(routed(candidate)).toEqual([])
    expect(selectOf(candidate, 'web').problems).toEqual([
      {
        where: 'container web-1',
        what: 'it has several ports (80, 443), and no label says which is meant',
        hint: 'add the label fairlead.port=80',
      },
    ])
  })

  it('with labels for some ports has these routed', () => {
    const candidate = container(
      'web-1',
      endpoint('web-1', { port: 80, labels: { host: 'a.org' } }),
      endpoint('web-1', { port: 8080, labels: { host: 'b.org' } }),
      endpoint('web-1', { port: 9090 }),
    )
    expect(routed(candidate)).toEqual([80, 8080])
  })

  it.each(['81', 'http', '0'])('with fairlead.port=%s, which it has not, is left out', (port) => {
    const candidate = ports({ port }, 80, 8080)
    expect(routed(candidate)).toEqual([])
    expect(selectOf(candidate, 'web').problems.at(-1)?.hint).toBe(
      'give fairlead.port one of its ports: 80, 8080',
    )
  })

  it('with fairlead.enable=false is left out in every mode', () => {
    expect(routed(ports({ enable: 'false', port: '80' }, 80), 'all')).toEqual([])
  })

  it('with a mistyped label stays routed, and the label is named once', () => {
    const candidate = ports({ port: '80', hots: 'a.org' }, 80, 443)
    expect(routed(candidate)).toEqual([80])
    expect(selectOf(candidate, 'web').problems).toEqual([
      {
        where: 'container web-1, label fairlead.hots',
        what: 'there is no such label; it is ignored',
        hint: 'did you mean fairlead.host?',
      },
    ])
  })
})

it('a registration without fairlead meta is routed at whatever port, unless only labelled ones are', () => {
  const candidate = registration('db', endpoint('db', { port: 5432 }))
  expect(routed(candidate)).toEqual([5432])
  expect(routed(candidate, 'all')).toEqual([5432])
})

it('a UDP port is never routed', () => {
  expect(routed(container('dns', endpoint('dns', { protocol: 'udp' })), 'all')).toEqual([])
})

it.each(['', 'example.org', 'fe80::1%eth0', '1.2.3.4 backup', '1.2.3.4\nbackend x'])(
  'the address %j is none',
  (address) => {
    const candidate = container('x', endpoint('x', { address }))
    expect(routed(candidate, 'all')).toEqual([])
    expect(selectOf(candidate, 'all').problems).toHaveLength(1)
  },
)
