import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import pino from 'pino'
import { expect, it } from 'vitest'
import { startConsul } from '../support/consul/consul-agent.ts'
import { startFaultProxy } from '../support/consul/fault-proxy.ts'
import { FakeDocker, inspectOf } from '../support/fake-docker.ts'
import { forTest } from '../support/for-test.ts'
import { waitUntil } from '../support/wait-until.ts'
import { openConsul } from '../../src/daemon-consul.ts'
import type { DaemonRegistry } from '../../src/daemon-registry.ts'
import { loadSettings } from '../../src/settings/load.ts'
import { systemClock } from '../../src/support/clock.ts'

const log = pino({ level: 'silent' })

/** A container whose port 80 is published at all addresses. */
function published(id: string, name: string, port: number) {
  const inspect = inspectOf({ id, name }) as { NetworkSettings: object }
  const Ports = { '80/tcp': [{ HostIp: '0.0.0.0', HostPort: `${port}` }] }
  return {
    id,
    name,
    inspect: { ...inspect, NetworkSettings: { ...inspect.NetworkSettings, Ports } },
  }
}

/** Fairlead's registry on a Consul, with a state folder of its own each time it is started. */
async function lab() {
  const docker = forTest(new FakeDocker())
  await docker.start()
  const agent = await startConsul()
  forTest({ stop: () => agent.close() })
  const consul = await startFaultProxy(agent.url)
  forTest({ stop: () => consul.close() })
  const folder = await mkdtemp(join(tmpdir(), `fairlead-t-${process.pid}-consul-`))
  forTest({ stop: () => rm(folder, { recursive: true, force: true }) })
  let runs = 0
  const start = async (): Promise<DaemonRegistry & { stop(): Promise<void> }> => {
    const settings = loadSettings({
      flags: { docker: [docker.url], registry: `consul://${consul.address}` },
      environment: {},
      cwd: folder,
      isRoot: true,
      homeFolder: folder,
      isTerminal: false,
      systemFolder: folder,
    })
    const path = join(folder, `${++runs}`, 'registry.snapshot')
    await mkdir(dirname(path))
    const opened = await openConsul({ settings, clock: systemClock, log, path }, {})
    const ending = new AbortController()
    const running = opened.run(ending.signal)
    const end = async (): Promise<void> => {
      ending.abort()
      await running
      await opened.close()
    }
    let ended: Promise<void> | undefined
    return forTest({ ...opened, stop: () => (ended ??= end()) })
  }
  const registered = async (): Promise<string[]> => {
    const answer = await fetch(`${agent.url}/v1/agent/services`)
    return Object.keys((await answer.json()) as object).toSorted()
  }
  return { docker, consul, start, registered }
}

function held(): { readonly until: Promise<void>; release(): void } {
  let release = (): void => {}
  const until = new Promise<void>((resolve) => (release = resolve))
  return { until, release: () => release() }
}

const idsOf = ({ registry }: DaemonRegistry): string[] =>
  [...registry.snapshot().services.values()]
    .flatMap(({ endpoints }) => endpoints.map(({ id }) => id.replace(/^node1\//, '')))
    .toSorted()

it('leaves registered and served what is found before the agent says who it is', async () => {
  const { docker, consul, start, registered } = await lab()
  docker.run(published('c1', 'web-1', 8081))
  docker.run(published('c2', 'web-2', 8082))
  const both = ['fake:web-1:80', 'fake:web-2:80']
  const first = await start()
  await waitUntil('both are served', () => idsOf(first).join() === both.join())
  await first.stop()
  docker.containers.delete('c2')

  const [agentSelf, agentServices] = [held(), held()]
  consul.inject('/v1/agent/self', { kind: 'hold', until: agentSelf.until })
  consul.inject('/v1/agent/services', { kind: 'hold', until: agentServices.until }, 1)
  consul.forget()
  const answered: string[] = []
  consul.observe(
    ({ path }) =>
      () =>
        answered.push(path.split('?')[0] ?? ''),
  )
  const second = await start()
  const isConnected = (): boolean =>
    second.sources.states().every(({ state }) => state === 'connected')
  await waitUntil('Docker and the catalogue are listed', isConnected)
  agentServices.release()
  await waitUntil('the agent is listed', () => answered.includes('/v1/agent/services'))
  expect(await registered()).toEqual(both)
  expect(idsOf(second)).toEqual(both)
  agentSelf.release()
  await expect.poll(registered, { timeout: 20_000 }).toEqual(['fake:web-1:80'])
  await waitUntil('what ended is served no longer', () => idsOf(second).length === 1)
  expect(idsOf(second)).toEqual(['fake:web-1:80'])
  expect(consul.count('/v1/agent/service/deregister/')).toBe(1)
})
