import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { allowedRequests, entryOf } from '../../src/discovery/docker/allowed-requests.ts'
import type { Occasion } from '../../src/discovery/docker/allowed-requests.ts'
import type { Finding } from '../../src/doctor/facts.ts'
import { DockerProxy } from '../support/docker-proxy.ts'
import { hostileRequests } from '../support/hostile-requests.ts'
import { exchange, SocketFilter } from '../support/socket-filter.ts'
import { RegistratorLab } from './support/registrator-lab.ts'
import { get } from './support/load.ts'
import { Stage } from './support/stage.ts'

/** The entries of the table that the requests fall under, each once. */
const entriesOf = (requests: readonly string[]): readonly string[] => {
  const entries = requests.map((line) => {
    const [method = '', target = ''] = line.split(' ')
    return entryOf(method, target)?.path ?? `not in the table: ${line}`
  })
  return [...new Set(entries)].toSorted()
}

const pathsFor = (occasion: Occasion): readonly string[] =>
  allowedRequests
    .filter(({ when }) => when === occasion)
    .map(({ path }) => path)
    .toSorted()

describe('behind a filter that lets through the listed requests only', () => {
  let stage: Stage
  let seen: DockerProxy
  let filter: SocketFilter

  beforeEach(async () => {
    stage = await Stage.open()
    seen = new DockerProxy(join(stage.folder, 'docker.sock'))
    await seen.open()
    const socketPath = join(stage.folder, 'filter.sock')
    filter = await SocketFilter.start({ socketPath, dockerSocket: seen.path })
  })

  afterEach(async () => {
    await stage.close()
    await filter.stop()
    await seen.close()
  })

  const docker = (): readonly string[] => ['--docker', filter.url]

  it('fairlead up does all its work, and asks for nothing that is refused', async () => {
    const service = stage.name('shop')
    const first = await stage.startContainer({ service })
    await stage.up(...docker())
    await stage.untilServing(service, 1)
    const network = await stage.createNetwork('net')
    const second = await stage.startContainer({ service, hasHealthcheck: true })
    await stage.untilServing(service, 2)
    await stage.post(`/networks/${network}/connect`, { Container: second.id })
    await stage.post(`/containers/${second.id}/rename?name=${stage.name('new')}`)
    await stage.post(`/containers/${first.id}/stop`)
    await stage.untilServing(service, 1)
    const answer = await get({ port: stage.port, host: `${service}.localhost` })
    expect(JSON.parse(answer.body)).toMatchObject({ hostname: second.hostname })

    expect((await stage.ask('explain', stage.name('new'))).stdout).toContain('✓ running')
    expect((await stage.ask('status')).code).toBe(0)
    expect(entriesOf(seen.requests)).toEqual(pathsFor('always'))
    expect(filter.log).toBe('')
  })

  it('fairlead up finds the containers again when the filter has been away', async () => {
    const service = stage.name('shop')
    await stage.startContainer({ service })
    await stage.up(...docker())
    await stage.untilServing(service, 1)
    await filter.stop()
    await stage.startContainer({ service })
    const { socketPath } = filter
    filter = await SocketFilter.start({ socketPath, dockerSocket: seen.path })
    await stage.untilServing(service, 2)
  })

  it('fairlead registrator does its work, templates of tags included', async () => {
    const lab = await RegistratorLab.open()
    try {
      await lab.startContainer({ name: 'a', published: { '80/tcp': 0 } })
      const run = lab.start(
        ['-ip', '10.0.0.9', '-cleanup', '-resync', '1', '-tags', '{{ .Name }}'],
        {
          DOCKER_HOST: filter.url,
        },
      )
      await run.until(/^added:/)
      const id = await lab.startContainer({ name: 'b', published: { '80/tcp': 0 } })
      await run.until(/^added:/, 2)
      await lab.post(`/containers/${id}/kill`)
      await run.until(/^removed:/)
      expect(await lab.rows()).toEqual([expect.stringMatching(/:a:80 .* \/a \|/)])
    } finally {
      await lab.close()
    }
    expect(entriesOf(seen.requests)).toEqual(pathsFor('always'))
    expect(filter.log).toBe('')
  })

  it('fairlead doctor finds nothing too much, and what it tries is refused', async () => {
    const { stdout } = await stage.cli('doctor', ...docker(), '--json')
    const { findings } = JSON.parse(stdout) as { findings: Finding[] }
    const said = findings.filter(({ about }) => about === 'docker')
    expect(said.filter(({ level }) => level === 'warning' || level === 'error')).toEqual([])
    expect(said.map(({ found }) => found)).toContain(`${filter.url} allows no more than is needed`)
    const refused = '"POST /containers/create HTTP/1.1"'
    await stage.until(() => filter.log.includes(refused), 'the filter has told of it')
    expect(entriesOf(seen.requests)).toEqual(pathsFor('always'))
  })

  it('fairlead doctor warns of a socket without one, and makes nothing by asking', async () => {
    const all = async (): Promise<number> =>
      (await stage.docker.get<readonly unknown[]>(`/containers/json?all=1&filters=${own()}`)).length
    const own = (): string =>
      encodeURIComponent(JSON.stringify({ status: ['created'], since: [marker.id] }))
    const marker = await stage.createContainer({ service: stage.name('marker') })
    const { stdout } = await stage.cli('doctor', '--docker', `unix://${seen.path}`, '--json')
    const { findings } = JSON.parse(stdout) as { findings: Finding[] }
    expect(findings).toContainEqual(
      expect.objectContaining({
        level: 'warning',
        found: expect.stringContaining('make containers, run commands in containers'),
        change: expect.stringContaining('deploy/docker-socket-proxy'),
      }),
    )
    expect(await all()).toBe(0)
  })

  it('nothing hostile reaches Docker', async () => {
    // What would do harm to this machine, should it be let through, is tried on a stand-in only.
    const hostile = hostileRequests().filter((text) => !/prune|swarm/.test(text))
    expect(hostile.length).toBeGreaterThan(1000)
    const passed: string[] = []
    for (const bytes of hostile) {
      const answer = await exchange(filter.socketPath, bytes)
      if (/^HTTP\/1\.[01] [123]/.test(answer)) passed.push(bytes)
    }
    expect(passed).toEqual([])
    expect(seen.requests).toEqual([])
  })
})
