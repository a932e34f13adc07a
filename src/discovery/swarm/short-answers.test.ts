import { beforeEach, describe, expect, it } from 'vitest'
import { FakeSwarm } from '../../../test/support/fake-swarm.ts'
import { forTest } from '../../../test/support/for-test.ts'
import { waitUntil } from '../../../test/support/wait-until.ts'
import { WatchedSwarm } from '../../../test/support/watched-swarm.ts'
import type { SwarmProviderOptions } from './provider.ts'

let swarm: FakeSwarm

beforeEach(async () => {
  swarm = forTest(new FakeSwarm())
  await swarm.start()
})

const watch = (options: Partial<SwarmProviderOptions> = {}): Promise<WatchedSwarm> =>
  forTest(new WatchedSwarm(swarm.url, options)).connected()

const labels = { 'fairlead.port': '80' }

describe('an answer that is too short', () => {
  beforeEach(() => {
    swarm.service('web', { Spec: { Name: 'web', Labels: labels } })
    swarm.task('t1', 'web', { Slot: 1 })
    swarm.task('t2', 'web', { Slot: 2, NodeID: 'node2' })
  })

  it('makes a task drain for as long as it is not listed', async () => {
    const watched = await watch()
    swarm.isLeftOut = (id) => id === 't2'
    await watched.saidFor('draining web.2')
    swarm.isLeftOut = undefined
    await watched.saidFor('running web.2')
    const marks = [...watched.candidates.values()].map(({ endpoints }) => endpoints[0]?.draining)
    expect(marks).toEqual([undefined, undefined])
  })

  it('does not take back what a stop signal has marked', async () => {
    const watched = await watch()
    await waitUntil('the event stream', () => swarm.streamCount === 1)
    swarm.emit('kill', 'c2', { 'com.docker.swarm.task.id': 't2', signal: '15' })
    await watched.saidFor('kill SIGTERM web.2')
    swarm.isLeftOut = (id) => id === 't2'
    const reason = (): string | undefined =>
      watched.candidates.get('t2')?.endpoints[0]?.draining?.reason
    await waitUntil('it is not listed', () => reason() === 'the swarm is ending it')
    swarm.isLeftOut = undefined
    await waitUntil('it is listed', () => reason() === 'SIGTERM was sent')
  })

  it('changes nothing when it is empty, unless the next one is, too', async () => {
    const watched = await watch()
    let emptyAnswers = 0
    for (const times of [1, 1, 2]) {
      const before = emptyAnswers
      const said = watched.said.length
      swarm.isLeftOut = () => true
      swarm.afterTasksAnswer = () => {
        emptyAnswers++
        if (emptyAnswers === before + times) swarm.isLeftOut = swarm.afterTasksAnswer = undefined
      }
      await waitUntil('empty answers', () => emptyAnswers === before + times)
      const { polls } = swarm
      await waitUntil('further polls', () => swarm.polls > polls + 2)
      const causes = watched.said.slice(said).map(({ cause }) => cause)
      expect(causes).toEqual(times === 1 ? [] : ['draining web.1 web.2', 'running web.1 web.2'])
    }
  })

  it('is not the first list either, where there were tasks before the restart', async () => {
    const before = await watch()
    const restored = [...before.candidates.values()]
    await before.stop()
    swarm.isLeftOut = () => true
    swarm.afterTasksAnswer = () => void (swarm.isLeftOut = swarm.afterTasksAnswer = undefined)
    const { candidates } = await watch({ restored })
    expect([...candidates.keys()]).toEqual(['t1', 't2'])
  })
})
