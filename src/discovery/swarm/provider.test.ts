import { beforeEach, describe, expect, it } from 'vitest'
import { ManualClock } from '../../support/clock.ts'
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

/** Moves the clock until the condition holds, with time for answers in between; what it says then. */
async function advanceUntil(clock: ManualClock, condition: () => boolean): Promise<number> {
  for (let steps = 0; !condition(); steps++) {
    if (steps > 2_000) throw new Error('moved the clock in vain')
    await clock.advance(50)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  return clock.now()
}

const labels = { 'fairlead.port': '80' }

describe('what is shown of a swarm', () => {
  it('is every task that runs, with the slot and the node in its name', async () => {
    swarm.service('web', {
      Spec: { Name: 'web', Labels: labels, Mode: { Replicated: { Replicas: 2 } } },
    })
    swarm.service('each', { Spec: { Name: 'each', Labels: labels, Mode: { Global: {} } } })
    swarm.task('t1', 'web', { Slot: 1 })
    swarm.task('t2', 'web', { Slot: 2, NodeID: 'node2' })
    swarm.task('g1', 'each', { Slot: undefined, NodeID: 'node3' })
    const { candidates } = await watch()
    const shown = [...candidates.values()].map(({ name, node, endpoints }) => [
      name,
      node,
      endpoints[0]?.service,
      endpoints[0]?.id,
    ])
    expect(shown).toEqual([
      ['web.1', 'host1', 'web', 'host1:web.1.t1:80'],
      ['web.2', 'host2', 'web', 'host2:web.2.t2:80'],
      ['each.host3', 'host3', 'each', 'host3:each.node3.g1:80'],
    ])
  })

  it('leaves jobs out and says so', async () => {
    swarm.service('once', { Spec: { Name: 'once', Labels: labels, Mode: { ReplicatedJob: {} } } })
    swarm.task('t1', 'once')
    const { candidates } = await watch()
    expect(candidates.get('t1')?.endpoints).toEqual([])
    expect(candidates.get('t1')?.decisions.at(-1)?.what).toBe(
      'belongs to a job, which serves nothing',
    )
    expect(candidates.get('t1')?.problems).toEqual([])
  })

  it('is nothing of tasks that failed before', async () => {
    swarm.service('web', { Spec: { Name: 'web', Labels: labels } })
    swarm.task('old', 'web', { state: 'failed', DesiredState: 'shutdown' })
    swarm.task('new', 'web')
    expect([...(await watch()).candidates.keys()]).toEqual(['new'])
  })

  it('has the reason why a task cannot run', async () => {
    swarm.service('web', { Spec: { Name: 'web', Labels: labels } })
    swarm.task('t1', 'web', {
      NodeID: undefined,
      Status: { State: 'pending', Err: 'no suitable node (insufficient resources on 3 nodes)' },
    })
    const { candidates } = await watch()
    expect(candidates.get('t1')?.problems[0]?.what).toBe(
      'is not running (pending): no suitable node (insufficient resources on 3 nodes)',
    )
  })

  it('has updates that were given up as problems', async () => {
    swarm.service('web', {
      UpdateStatus: { State: 'paused', Message: 'update paused due to failure of task t9' },
    })
    const { provider } = await watch()
    expect(provider.problems()[0]).toMatchObject({
      where: 'service web',
      what: 'its update is paused: update paused due to failure of task t9',
    })
  })
})

describe('a task', () => {
  beforeEach(() => {
    swarm.service('web', { Spec: { Name: 'web', Labels: labels } })
  })

  it('comes with running, and not before', async () => {
    swarm.task('t1', 'web', { state: 'starting' })
    const watched = await watch()
    expect([...watched.candidates.keys()]).toEqual([])
    swarm.changeTask('t1', { state: 'running' })
    await watched.saidFor('running web.1')
  })

  it('drains as soon as the manager does not want it, and goes when it has ended', async () => {
    swarm.task('t1', 'web')
    const watched = await watch()
    swarm.changeTask('t1', { DesiredState: 'shutdown' })
    const drain = await watched.saidFor('draining web.1')
    expect(drain.upserts[0]?.endpoints[0]?.draining?.reason).toBe('the swarm is ending it')
    swarm.changeTask('t1', { state: 'shutdown' })
    await watched.saidFor('gone web.1')
    expect(watched.candidates.size).toBe(0)
  })

  it('that fails is gone, though the manager still wants it', async () => {
    swarm.task('t1', 'web')
    const watched = await watch()
    swarm.changeTask('t1', { state: 'failed' })
    await watched.saidFor('gone web.1')
    expect(watched.candidates.size).toBe(0)
  })

  it('of a node that is down drains, and goes after its grace period', async () => {
    const clock = new ManualClock(Date.now())
    swarm.task('t1', 'web', { NodeID: 'node2' })
    const watched = await watch({ clock })
    swarm.nodes.set('node2', { ...swarm.nodes.get('node2'), Status: { State: 'down' } })
    swarm.changeTask('t1', { DesiredState: 'shutdown' })
    swarm.emit('update', 'node2', {}, 'node')
    const isSaid = (cause: string): boolean => watched.said.some((each) => each.cause === cause)
    const drainedAtMs = await advanceUntil(clock, () => isSaid('draining web.1'))
    const goneAtMs = await advanceUntil(clock, () => isSaid('gone web.1'))
    expect(goneAtMs - drainedAtMs).toBeGreaterThanOrEqual(14_900)
    expect(goneAtMs - drainedAtMs).toBeLessThan(20_000)
  })

  it('of this node drains at its stop signal and goes when it dies, before the manager knows', async () => {
    swarm.task('t1', 'web')
    const watched = await watch()
    await waitUntil('the event stream', () => swarm.streamCount === 1)
    const attributes = { 'com.docker.swarm.task.id': 't1' }
    swarm.emit('kill', 'c1', { ...attributes, signal: '1' })
    swarm.emit('kill', 'c1', { ...attributes, signal: '15' })
    await watched.saidFor('kill SIGTERM web.1')
    swarm.emit('die', 'c1', attributes)
    await watched.saidFor('die web.1')
    expect(watched.candidates.size).toBe(0)
    const { polls } = swarm
    await waitUntil('further polls', () => swarm.polls > polls + 2)
    expect(watched.candidates.size).toBe(0)
  })

  it('keeps its new and its old run apart in an update, and in a rollback', async () => {
    swarm.task('old', 'web')
    const watched = await watch()
    swarm.task('new', 'web')
    await watched.saidFor('running web.1')
    swarm.changeTask('old', { DesiredState: 'shutdown' })
    await watched.saidFor('draining web.1')
    expect(watched.candidates.get('new')?.endpoints[0]?.draining).toBeUndefined()
    expect(watched.candidates.get('old')?.endpoints[0]?.draining).toBeDefined()
    const ids = [...watched.candidates.values()].map(({ endpoints }) => endpoints[0]?.id)
    expect(new Set(ids).size).toBe(2)
  })

  it('is gone with its service', async () => {
    swarm.task('t1', 'web')
    const watched = await watch()
    swarm.services.clear()
    swarm.tasks.clear()
    swarm.tellService('web-id')
    await watched.saidFor('gone web.1')
  })

  it('follows new labels of its service without being started anew', async () => {
    swarm.task('t1', 'web')
    const watched = await watch()
    swarm.service('web', {
      Spec: { Name: 'web', Labels: { ...labels, 'fairlead.host': 'a.example' } },
    })
    swarm.tellService('web-id')
    await waitUntil('the label', () =>
      watched.said.some(({ upserts }) => upserts[0]?.endpoints[0]?.labels['host'] === 'a.example'),
    )
  })
})

describe('a port on its node', () => {
  it('stays when a new leader reports the task without it', async () => {
    const Ports = [{ TargetPort: 80, PublishedPort: 32_768, Protocol: 'tcp', PublishMode: 'host' }]
    const status = { State: 'running', ContainerStatus: { ContainerID: 'c1' } }
    swarm.service('web', { Spec: { Name: 'web', Labels: labels } })
    swarm.task('t1', 'web', { Status: { ...status, PortStatus: { Ports } } })
    const watched = await watch({ haproxyNetworks: undefined })
    expect(watched.candidates.get('t1')?.endpoints[0]?.port).toBe(32_768)
    const { polls } = swarm
    swarm.changeTask('t1', { Status: { ...status, PortStatus: {} } })
    await waitUntil('further polls', () => swarm.polls > polls + 2)
    expect(watched.said).toHaveLength(1)
  })
})

describe('when the manager does not answer', () => {
  beforeEach(() => {
    swarm.service('web', { Spec: { Name: 'web', Labels: labels } })
    swarm.task('t1', 'web')
  })

  it('nothing changes, and its words and what helps are on show', async () => {
    const watched = await watch()
    const before = watched.said.length
    swarm.fault = 'rpc error: code = Unknown desc = The swarm does not have a leader.'
    await waitUntil('connecting', () => watched.provider.state().state === 'connecting')
    expect(watched.provider.state().error).toContain('more than half of the managers must be up')
    swarm.fault = undefined
    await waitUntil('connected', () => watched.provider.state().state === 'connected')
    expect(watched.said.length).toBe(before)
    expect(watched.candidates.size).toBe(1)
  })

  it('at all, polls are given up and tried again, one at a time', async () => {
    const watched = await watch()
    swarm.hasNoLeader = true
    await waitUntil('connecting', () => watched.provider.state().state === 'connecting')
    expect(watched.provider.state().error).toContain('no answer to /')
    expect(watched.candidates.size).toBe(1)
    swarm.hasNoLeader = false
    await waitUntil('connected', () => watched.provider.state().state === 'connected')
    expect(swarm.mostPollsAtOnce).toBe(1)
  })

  it('because it was made a worker, the way out is named', async () => {
    const watched = await watch()
    swarm.fault =
      "This node is not a swarm manager. Worker nodes can't be used to view or modify cluster state."
    await waitUntil('connecting', () => watched.provider.state().state === 'connecting')
    expect(watched.provider.state().error).toContain('docker node promote')
    expect(watched.candidates.size).toBe(1)
  })

  it('its events break and come back without a new list', async () => {
    const watched = await watch()
    await waitUntil('the event stream', () => swarm.streamCount === 1)
    swarm.dropAll()
    await waitUntil('a new event stream', () => swarm.streamCount === 1)
    swarm.emit('kill', 'c1', { 'com.docker.swarm.task.id': 't1', signal: '9' })
    await watched.saidFor('kill SIGKILL web.1')
    expect(watched.said.filter(({ isComplete }) => isComplete)).toHaveLength(1)
  })
})
