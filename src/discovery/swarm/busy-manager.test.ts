import { beforeEach, describe, expect, it } from 'vitest'
import { ManualClock } from '../../support/clock.ts'
import type { Clock } from '../../support/clock.ts'
import { FakeSwarm } from '../../../test/support/fake-swarm.ts'
import { forTest } from '../../../test/support/for-test.ts'
import { WatchedSwarm } from '../../../test/support/watched-swarm.ts'

let swarm: FakeSwarm
let watched: WatchedSwarm
let timer: ManualClock
/** What the manager's answers have taken so far. */
let answersMs: number
let clock: Clock

beforeEach(async () => {
  swarm = forTest(new FakeSwarm())
  swarm.service('web')
  await swarm.start()
  timer = new ManualClock(Date.now())
  answersMs = 0
  clock = { now: () => timer.now() + answersMs, sleep: (ms, signal) => timer.sleep(ms, signal) }
})

async function watch(): Promise<void> {
  watched = forTest(new WatchedSwarm(swarm.url, { clock }))
  await watched.connected()
}

/** A tenth of a second, and time for answers. */
async function step(): Promise<void> {
  await timer.advance(100)
  await new Promise((resolve) => setTimeout(resolve, 1))
}

async function pass(byMs: number): Promise<void> {
  for (const end = clock.now() + byMs; clock.now() < end;) await step()
}

async function passUntil(condition: () => boolean): Promise<void> {
  for (let steps = 0; !condition(); steps++) {
    if (steps > 5_000) throw new Error('moved the clock in vain')
    await step()
  }
}

const asked = (image: string): number =>
  swarm.asked.filter((path) => path === `/images/${image}/json`).length

const withImage = (Image: string) => ({ Spec: { ContainerSpec: { Image } } })

describe('a manager', () => {
  it('that takes half a second to answer is not asked all the time by a service that fails over and over', async () => {
    let runs = 0
    swarm.task('run-0', 'web')
    swarm.afterTasksAnswer = () => {
      answersMs += 500
      swarm.changeTask(`run-${runs}`, { DesiredState: 'shutdown', state: 'failed' })
      swarm.task(`run-${++runs}`, 'web')
      swarm.tellService('web-id')
    }
    await watch()
    const before = runs
    await pass(30_000)
    expect(runs - before).toBeGreaterThan(1)
    expect(runs - before).toBeLessThanOrEqual(11)
  })

  it('is asked for an image that it does not have once a minute, whatever happens to services', async () => {
    swarm.task('t1', 'web', withImage('demo:1'))
    await watch()
    for (let times = 0; times < 5; times++) {
      swarm.tellService('web-id')
      await pass(10_000)
    }
    expect(asked('demo:1')).toBe(1)
    swarm.images.set('demo:1', { Config: { ExposedPorts: { '8080/tcp': {} } } })
    await passUntil(() => watched.candidates.get('t1')?.endpoints[0]?.port === 8080)
    expect(asked('demo:1')).toBe(2)
    await pass(70_000)
    expect(asked('demo:1')).toBe(2)
  })

  it.each(['refused', 'cut'] as const)(
    'that could not say what is in an image (%s) is asked again, though no task changes',
    async (fault) => {
      swarm.images.set('demo:1', { Config: { ExposedPorts: { '8080/tcp': {} } } })
      swarm.brokenImages = new Map([['demo:1', fault]])
      swarm.task('t1', 'web', withImage('demo:1'))
      watched = forTest(new WatchedSwarm(swarm.url, { clock }))
      await passUntil(() => watched.said.length > 0)
      swarm.brokenImages = new Map()
      await passUntil(() => watched.candidates.get('t1')?.endpoints[0]?.port === 8080)
      expect(watched.provider.state().error).toBe('')
    },
  )

  it('that can never say what is in one image is asked for it once a minute, and for all else as ever', async () => {
    swarm.brokenImages = new Map([['demo:1', 'refused']])
    swarm.task('t1', 'web', withImage('demo:1'))
    watched = forTest(new WatchedSwarm(swarm.url, { clock }))
    await passUntil(() => watched.said.length > 0)
    await passUntil(() => watched.provider.state().state === 'connected')
    await pass(50_000)
    expect(asked('demo:1')).toBe(1)
    expect(watched.provider.state().state).toBe('connected')
  })

  it('is asked on when the clock of this machine is set back by an hour', async () => {
    swarm.task('t1', 'web')
    await watch()
    await pass(10_000)
    swarm.afterTasksAnswer = () => {
      swarm.afterTasksAnswer = undefined
      answersMs -= 3_600_000
    }
    await passUntil(() => swarm.afterTasksAnswer === undefined)
    swarm.task('t2', 'web', { Slot: 2 })
    await passUntil(() => watched.candidates.has('t2'))
  })

  it('is asked anew for an image that no task had for a while, and never for one in use', async () => {
    swarm.images.set('demo:1', {})
    swarm.images.set('demo:2', {})
    swarm.task('t1', 'web', withImage('demo:1'))
    swarm.task('t2', 'web', withImage('demo:2'))
    await watch()
    swarm.changeTask('t1', { DesiredState: 'shutdown', state: 'shutdown' })
    await pass(30_000)
    swarm.task('t3', 'web', withImage('demo:1'))
    await passUntil(() => asked('demo:1') === 2)
    expect(asked('demo:2')).toBe(1)
  })
})
