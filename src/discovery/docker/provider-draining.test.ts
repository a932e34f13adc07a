import { beforeEach, describe, expect, it } from 'vitest'
import { ManualClock, type Clock } from '../../support/clock.ts'
import { FakeDocker } from '../../../test/support/fake-docker.ts'
import { forTest } from '../../../test/support/for-test.ts'
import { waitUntil } from '../../../test/support/wait-until.ts'
import { WatchedDocker } from '../../../test/support/watched-docker.ts'
import type { HaproxyNetworks } from '../../networks/contract.ts'
import type { DockerProviderOptions } from './provider.ts'

let docker: FakeDocker

beforeEach(async () => {
  docker = forTest(new FakeDocker())
  await docker.start()
})

const watch = (options: Partial<DockerProviderOptions> = {}): Promise<WatchedDocker> =>
  forTest(new WatchedDocker(docker.url, options)).connected()

/** Networks that are all reached, and the containers that want theirs. */
function watchedNetworks(): {
  held: ReadonlySet<string>
  joining: DockerProviderOptions['joining']
} {
  const held = new Set<string>()
  const networks: HaproxyNetworks = {
    isInContainer: true,
    reachOf: () => ({ kind: 'reached' }),
    want: () => undefined,
    release: (_, key) => void held.delete(key),
    retain: (_, key) => !held.has(key) && held.add(key).has(key),
    drop: () => undefined,
    keepOnly: () => undefined,
    onChange: () => () => undefined,
  }
  return { held, joining: { networks, ready: () => Promise.resolve() } }
}

describe('draining', () => {
  it('drains from the stop signal until die, without an inspect', async () => {
    docker.run({ id: 'c1', name: 'web-1' })
    const watched = await watch()
    docker.emit('kill', 'c1', { signal: '15' })
    const kill = await watched.saidFor('kill SIGTERM web-1')
    const draining = kill.upserts[0]?.endpoints[0]?.draining
    expect((draining?.untilMs ?? 0) - (draining?.sinceMs ?? 0)).toBe(15_000)
    expect(docker.inspectsOf('c1')).toBe(1)
  })

  it('does not drain for a signal that does not stop it', async () => {
    docker.run({ id: 'c1', name: 'web-1', stopSignal: 'SIGQUIT' })
    const watched = await watch()
    docker.emit('kill', 'c1', { signal: '15' })
    docker.emit('kill', 'c1', { signal: '1' })
    docker.run({ id: 'c2', name: 'web-2' })
    await watched.saidFor('start web-2')
    expect(watched.causes().filter((each) => each.startsWith('kill'))).toEqual([])
  })

  it('takes the mark back, on show, when the container still runs after its time', async () => {
    const clock = new ManualClock(Date.now())
    docker.run({ id: 'c1', name: 'web-1', stopTimeout: 2 })
    const watched = await watch({ clock })
    docker.emit('kill', 'c1', { signal: '15' })
    await watched.saidFor('kill SIGTERM web-1')
    for (let second = 0; second < 8; second++) await clock.advance(1000)
    const back = await watched.saidFor('still running web-1')
    expect(back.upserts[0]?.endpoints[0]?.draining).toBeUndefined()
    expect(back.upserts[0]?.problems[0]?.what).toBe(
      'still running 7 s after its stop signal; it gets requests again',
    )
  })

  it('takes the mark back though the clock was set back meanwhile', async () => {
    const clock = new ManualClock(Date.now())
    // As a timer that fires a millisecond early, or a clock that was set: a second is missing.
    const late: Clock = {
      now: () => clock.now() - (clock.now() > startMs + 5_000 ? 1_000 : 0),
      sleep: (delayMs, signal) => clock.sleep(delayMs, signal),
    }
    const startMs = clock.now()
    docker.run({ id: 'c1', name: 'web-1', stopTimeout: 2 })
    const watched = await watch({ clock: late })
    docker.emit('kill', 'c1', { signal: '15' })
    await watched.saidFor('kill SIGTERM web-1')
    for (let second = 0; second < 8; second++) await clock.advance(1000)
    await watched.saidFor('still running web-1')
    expect(watched.candidates.get('c1')?.endpoints[0]?.draining).toBeUndefined()
  })

  it('releases its network with the stop signal, and its address is asked for when it overstays', async () => {
    const clock = new ManualClock(Date.now())
    docker.run({ id: 'c1', name: 'web-1', stopTimeout: 2 })
    docker.run({ id: 'c2', name: 'web-2' })
    const { held, joining } = watchedNetworks()
    const watched = await watch({ clock, joining })
    expect([...held]).toEqual(['c1', 'c2'])
    docker.emit('kill', 'c1', { signal: '15' })
    await watched.saidFor('kill SIGTERM web-1')
    docker.emit('pause', 'c1')
    await waitUntil('it is inspected', () => docker.inspectsOf('c1') === 2)
    expect([...held]).toEqual(['c2'])
    for (let second = 0; second < 8; second++) await clock.advance(1000)
    await watched.saidFor('still running web-1')
    expect([...held]).toEqual(['c2', 'c1'])
    expect(docker.inspectsOf('c1')).toBe(3)
  })

  it('takes its network back with a new run, though the end of the old one was missed', async () => {
    docker.run({ id: 'c1', name: 'web-1' })
    const { held, joining } = watchedNetworks()
    const watched = await watch({ joining })
    docker.emit('kill', 'c1', { signal: '15' })
    await watched.saidFor('kill SIGTERM web-1')
    expect([...held]).toEqual([])
    docker.run({ id: 'c1', name: 'web-1' })
    await watched.saidFor('start web-1')
    expect([...held]).toEqual(['c1'])
  })

  it('keeps the mark over a restart of fairlead, for the same run only', async () => {
    docker.run({ id: 'c1', name: 'web-1' })
    docker.run({ id: 'c2', name: 'web-2' })
    const first = await watch()
    docker.emit('kill', 'c1', { signal: '15' })
    docker.emit('kill', 'c2', { signal: '15' })
    await first.saidFor('kill SIGTERM web-2')
    const restored = [...first.candidates.values()]
    await first.stop()
    docker.run({ id: 'c2', name: 'web-2' })
    const second = await watch({ restored })
    expect(second.said[0]?.upserts.map((each) => each.endpoints[0]?.draining?.sinceMs)).toEqual([
      restored[0]?.endpoints[0]?.draining?.sinceMs,
      undefined,
    ])
  })

  it('learns of a stop signal that was sent while nobody listened', async () => {
    docker.run({ id: 'c1', name: 'web-1' })
    docker.emit('kill', 'c1', { signal: '15' })
    const { said } = await watch()
    expect(said[0]?.upserts[0]?.endpoints[0]?.draining?.reason).toBe('SIGTERM was sent')
  })
})
