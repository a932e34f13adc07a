import { beforeEach, describe, expect, it } from 'vitest'
import { ManualClock, systemClock } from '../../support/clock.ts'
import { FakeDocker } from '../../../test/support/fake-docker.ts'
import { forTest } from '../../../test/support/for-test.ts'
import { waitUntil } from '../../../test/support/wait-until.ts'
import { WatchedDocker } from '../../../test/support/watched-docker.ts'
import type { DockerProviderOptions } from './provider.ts'

/** A promise and what resolves it. */
function gate(): { opened: Promise<void>; open: () => void } {
  let open = (): void => undefined
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

let docker: FakeDocker

beforeEach(async () => {
  docker = forTest(new FakeDocker())
  await docker.start()
})

const watch = (options: Partial<DockerProviderOptions> = {}): Promise<WatchedDocker> =>
  forTest(new WatchedDocker(docker.url, options)).connected()

describe('listing and events', () => {
  it('begins with one complete observation of all that runs', async () => {
    docker.run({ id: 'c1', name: 'web-1' })
    docker.run({ id: 'c2', name: 'web-2' })
    const { said, provider } = await watch()
    expect(said[0]).toMatchObject({
      source: `docker:${docker.url}`,
      isComplete: true,
      cause: 'full list of fake (2 containers)',
    })
    expect(provider.nodeName).toBe('fake')
    expect(said[0]?.upserts.map((each) => each.endpoints[0]?.id)).toEqual([
      'fake:web-1:80',
      'fake:web-2:80',
    ])
  })

  it('tells of a start after one inspect, with the time of the event', async () => {
    const watched = await watch()
    expect(watched.said).toHaveLength(1)
    const before = Date.now()
    docker.run({ id: 'c1', name: 'web-1' })
    const start = await watched.saidFor('start web-1')
    expect(docker.inspectsOf('c1')).toBe(1)
    expect(start.eventAtMs).toBeGreaterThanOrEqual(before - 1)
    expect(watched.candidates.get('c1')?.endpoints[0]?.health).toBe('passing')
    expect(docker.asked.filter((path) => path === '/containers/json')).toHaveLength(1)
  })

  it('acts on die at once and without an inspect', async () => {
    docker.run({ id: 'c1', name: 'web-1' })
    const watched = await watch()
    const inspects = docker.asked.length
    docker.die('c1', '137')
    const die = await watched.saidFor('die web-1 (exit 137)')
    expect(die.removals).toEqual(['c1'])
    expect(docker.asked.slice(inspects).filter((path) => path !== '/events')).toEqual([])
  })

  it('shows pause, health, rename and networks after one inspect each', async () => {
    docker.run({ id: 'c1', name: 'web-1' })
    const watched = await watch()
    docker.change('c1', { state: { Paused: true } })
    docker.emit('pause', 'c1')
    await watched.saidFor('pause web-1')
    expect(watched.candidates.get('c1')?.endpoints[0]?.health).toBe('maintenance')
    docker.change('c1', {
      state: { Health: { Status: 'unhealthy', Log: [{ Output: 'no\nmore' }] } },
    })
    docker.emit('health_status: unhealthy', 'c1')
    await watched.saidFor('health unhealthy web-1')
    expect(watched.candidates.get('c1')?.endpoints[0]).toMatchObject({
      health: 'critical',
      healthReason: 'HEALTHCHECK failed: no',
      isHealthReported: true,
    })
    docker.change('c1', { name: 'web-9', state: {} })
    docker.emit('rename', 'c1', { name: 'web-9', oldName: '/web-1' })
    await watched.saidFor('rename web-9')
    expect(watched.candidates.get('c1')?.endpoints[0]?.id).toBe('fake:web-9:80')
    docker.change('c1', { networks: { apps: '10.9.0.3' } })
    docker.emit('connect', 'net-apps', { container: 'c1', name: 'apps', type: 'bridge' }, 'network')
    await watched.saidFor('connect web-9 apps')
    expect(watched.candidates.get('c1')?.endpoints[0]?.address).toBe('10.9.0.3')
    const inspects = docker.inspectsOf('c1')
    expect(inspects).toBe(5)
    expect(docker.asked).not.toContain('/networks/net-apps')
  })

  it('says nothing when an event changes nothing', async () => {
    docker.run({ id: 'c1', name: 'web-1' })
    const watched = await watch()
    docker.emit('health_status: healthy', 'c1')
    docker.run({ id: 'c2', name: 'web-2' })
    await watched.saidFor('start web-2')
    expect(watched.said).toHaveLength(2)
  })

  it('ignores events of containers that do not run', async () => {
    const watched = await watch()
    docker.emit('connect', 'net-bridge', { container: 'c7', name: 'bridge' }, 'network')
    docker.emit('rename', 'c7', { name: 'x' })
    docker.emit('kill', 'c7', { signal: '15' })
    docker.run({ id: 'c1', name: 'web-1' })
    await watched.saidFor('start web-1')
    expect(docker.inspectsOf('c7')).toBe(0)
    expect(watched.said).toHaveLength(2)
  })
})

describe('races', () => {
  it('applies events that come during the full list after it', async () => {
    docker.run({ id: 'c1', name: 'web-1' })
    docker.run({ id: 'c2', name: 'web-2' })
    const list = gate()
    docker.beforeListAnswer = () => list.opened
    const watched = forTest(new WatchedDocker(docker.url))
    await waitUntil('the list is asked for', () => docker.asked.includes('/containers/json'))
    docker.die('c1')
    docker.run({ id: 'c3', name: 'web-3' })
    docker.emit('kill', 'c2', { signal: '15' })
    list.open()
    await watched.connected()
    await watched.saidFor('start web-3')
    expect([...watched.candidates.keys()].sort()).toEqual(['c2', 'c3'])
    expect(watched.said[0]?.upserts[0]?.endpoints[0]?.draining?.reason).toBe('SIGTERM was sent')
  })

  it('does not take a restarted container away for the death of its earlier run', async () => {
    docker.run({ id: 'c1', name: 'web-1' })
    const list = gate()
    docker.beforeListAnswer = () => list.opened
    const watched = forTest(new WatchedDocker(docker.url))
    await waitUntil('the list is asked for', () => docker.asked.includes('/containers/json'))
    docker.emit('kill', 'c1', { signal: '15' })
    docker.die('c1')
    docker.run({ id: 'c1', name: 'web-1' })
    list.open()
    await watched.connected()
    docker.run({ id: 'c2', name: 'web-2' })
    await watched.saidFor('start web-2')
    expect(watched.said.flatMap((each) => each.removals)).toEqual([])
    expect(watched.candidates.get('c1')?.endpoints[0]?.draining).toBeUndefined()
  })

  it('believes a death that by the clock was before the start: the clock was set back', async () => {
    const inAnHour = new Date(Date.now() + 3_600_000).toISOString()
    docker.run({ id: 'c1', name: 'web-1', startedAt: inAnHour })
    docker.run({ id: 'c2', name: 'web-2', startedAt: inAnHour })
    const watched = await watch()
    docker.change('c1', { state: { Running: false, Status: 'exited' } })
    docker.emit('die', 'c1')
    await waitUntil('no endpoint', () => watched.candidates.get('c1')?.endpoints.length === 0)
    docker.die('c2')
    await waitUntil('gone', () => !watched.candidates.has('c2'))
  })

  it('drops the answer of an inspect when the container has died meanwhile', async () => {
    const watched = await watch()
    const inspect = gate()
    docker.beforeInspectAnswer = (id) => (id === 'c1' ? inspect.opened : Promise.resolve())
    docker.run({ id: 'c1', name: 'web-1' })
    await waitUntil('the inspect', () => docker.inspectsOf('c1') === 1)
    docker.die('c1')
    await watched.saidFor('die web-1 (exit 0)')
    inspect.open()
    docker.run({ id: 'c2', name: 'web-2' })
    await watched.saidFor('start web-2')
    expect([...watched.candidates.keys()]).toEqual(['c2'])
  })

  it('drops an inspect that is older than a later event and asks again', async () => {
    docker.run({ id: 'c1', name: 'web-1' })
    const watched = await watch()
    const first = gate()
    docker.beforeInspectAnswer = () => first.opened
    docker.emit('health_status: healthy', 'c1')
    await waitUntil('the inspect', () => docker.inspectsOf('c1') === 2)
    docker.beforeInspectAnswer = undefined
    docker.change('c1', { state: { Paused: true } })
    docker.emit('pause', 'c1')
    docker.run({ id: 'c2', name: 'web-2' })
    await watched.saidFor('start web-2')
    first.open()
    await watched.saidFor('pause web-1')
    expect(docker.inspectsOf('c1')).toBe(3)
    expect(watched.causes()).not.toContain('health healthy web-1')
  })

  it('keeps a drain mark that comes while the start is still being inspected', async () => {
    const watched = await watch()
    const inspect = gate()
    docker.beforeInspectAnswer = () => inspect.opened
    docker.run({ id: 'c1', name: 'web-1', stopSignal: 'SIGQUIT' })
    docker.emit('kill', 'c1', { signal: '3' })
    await waitUntil('the inspect', () => docker.inspectsOf('c1') === 1)
    inspect.open()
    const start = await watched.saidFor('start web-1')
    expect(start.upserts[0]?.endpoints[0]?.draining?.reason).toBe('SIGQUIT was sent')
  })

  it('ends right after a storm of restarts', async () => {
    const watched = await watch()
    for (let run = 0; run < 50; run++) {
      docker.run({ id: 'c1', name: 'web-1', networks: { bridge: `172.17.1.${run}` } })
      if (run < 49) docker.die('c1')
    }
    await waitUntil(
      'the last run',
      () => watched.candidates.get('c1')?.endpoints[0]?.address === '172.17.1.49',
    )
    expect(watched.candidates.size).toBe(1)
    expect(watched.said.filter((each) => each.isComplete)).toHaveLength(1)
  })
})

describe('connections that break', () => {
  it('keeps its candidates while Docker is gone, then lists again', async () => {
    docker.run({ id: 'c1', name: 'web-1' })
    docker.run({ id: 'c2', name: 'web-2' })
    const watched = await watch()
    docker.containers.delete('c1')
    docker.dropAll()
    await waitUntil('a second list', () => watched.said.length === 2)
    expect(watched.said[1]?.isComplete).toBe(true)
    expect(watched.said.flatMap((each) => each.removals)).toEqual([])
    expect([...watched.candidates.keys()]).toEqual(['c2'])
  })

  it('says why it is not connected, with what to do', async () => {
    await docker.stop()
    const watched = forTest(new WatchedDocker(docker.url))
    const { provider } = watched
    await waitUntil('an error', () => provider.state().error !== '')
    expect(provider.state()).toMatchObject({ state: 'connecting' })
    expect(provider.state().error).toContain('is Docker running?')
    await watched.stop()
    expect(provider.state().state).toBe('stopped')
  })

  it('notices within 10 s that the event stream is silent', async () => {
    const clock = new ManualClock(Date.now())
    const watched = await watch({ clock })
    docker.isSilent = true
    docker.run({ id: 'c1', name: 'web-1' })
    docker.isSilent = false
    for (let ms = 0; ms < 9000 && !watched.candidates.has('c1'); ms += 500) await step(clock)
    await waitUntil('the container', () => watched.candidates.has('c1'))
  })

  it('does not reconnect a stream that is merely quiet', async () => {
    const clock = new ManualClock(Date.now())
    docker.run({ id: 'c1', name: 'web-1' })
    const watched = await watch({ clock })
    docker.emit('health_status: healthy', 'c1')
    docker.emit('exec_create: sh', 'c1')
    for (let ms = 0; ms < 9000; ms += 500) await step(clock)
    expect(watched.said.filter((each) => each.isComplete)).toHaveLength(1)
  })

  it('gives up a daemon that does not answer any more', async () => {
    const watched = await watch()
    docker.isFrozen = true
    await waitUntil('noticed', () => watched.provider.state().state === 'connecting')
    expect(watched.provider.state().error).toContain('no answer to /events within 3000 ms')
    docker.isFrozen = false
    docker.dropAll()
  })
})

/** Half a second of the clock, and time for the requests that it sets off. */
async function step(clock: ManualClock): Promise<void> {
  await clock.advance(500)
  await systemClock.sleep(20)
}

describe('networks', () => {
  it('forgets a network that has gone, so that those of months do not pile up', async () => {
    docker.run({ id: 'c1', name: 'web-1' })
    const watched = await watch()
    const asked = () => docker.asked.filter((path) => path === '/networks').length
    const before = asked()
    docker.emit('destroy', 'net-bridge', { name: 'bridge', type: 'bridge' }, 'network')
    docker.run({ id: 'c2', name: 'web-2' })
    await watched.saidFor('start web-2')
    expect(asked()).toBe(before + 1)
  })

  it('asks for the networks again when it meets one it does not know, once', async () => {
    const watched = await watch()
    docker.networks.set('net-ov', { name: 'ov', driver: 'overlay' })
    docker.run({ id: 'c1', name: 'web-1', networkMode: 'ov', networks: { ov: '10.0.9.2' } })
    const start = await watched.saidFor('start web-1')
    expect(start.upserts[0]?.endpoints).toEqual([])
    expect(start.upserts[0]?.problems[0]?.what).toContain('overlay')
    docker.run({ id: 'c2', name: 'web-2', networkMode: 'gone', networks: { gone: '10.0.8.2' } })
    docker.run({ id: 'c3', name: 'web-3', networkMode: 'gone', networks: { gone: '10.0.8.3' } })
    await watched.saidFor('start web-3')
    await watched.saidFor('start web-2')
    docker.run({ id: 'c4', name: 'web-4', networkMode: 'gone', networks: { gone: '10.0.8.4' } })
    await watched.saidFor('start web-4')
    expect(docker.asked.filter((path) => path === '/networks').length).toBeLessThanOrEqual(4)
  })
})
