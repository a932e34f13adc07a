import { describe, expect, it } from 'vitest'
import { paceOf, restOf } from './pace.ts'
import type { SwarmService, SwarmTask } from './swarm-types.ts'

const web = (changes: Partial<SwarmService> = {}): SwarmService => ({
  ID: 'web',
  Spec: { Mode: { Replicated: { Replicas: 2 } } },
  ...changes,
})
const task = (State: string): SwarmTask => ({ ServiceID: 'web', Status: { State } })
const settled = [task('running'), task('running')]

function pace(
  sinceNewsMs: number,
  tasks: readonly SwarmTask[] = settled,
  services: readonly SwarmService[] = [web()],
): number {
  return paceOf({ sinceNewsMs, services, tasks })
}

describe('the time between two polls', () => {
  it('is a tenth of a second after news, and a second at rest', () => {
    expect(pace(0)).toBe(100)
    expect(pace(4_999)).toBe(100)
    expect(pace(5_000)).toBe(1_000)
  })

  it('stays short while a service has not what it wants, for a minute', () => {
    for (const tasks of [[task('running')], [task('running'), task('starting')]]) {
      expect(pace(30_000, tasks)).toBe(100)
      expect(pace(60_000, tasks)).toBe(1_000)
    }
  })

  it('is a quarter of a second in the pauses of an update or a rollback, however long', () => {
    for (const State of ['updating', 'rollback_started']) {
      const services = [web({ UpdateStatus: { State } })]
      expect(pace(30_000, settled, services)).toBe(100)
      expect(pace(600_000, settled, services)).toBe(250)
    }
    expect(pace(600_000, settled, [web({ UpdateStatus: { State: 'paused' } })])).toBe(1_000)
  })

  it('does not wait for jobs and global services to reach a number', () => {
    const others = [
      { ID: 'job', Spec: { Mode: { ReplicatedJob: {} } } },
      { ID: 'each', Spec: { Mode: { Global: {} } } },
    ]
    expect(pace(10_000, settled, [web(), ...others])).toBe(1_000)
  })

  it('does not wait for a service that is to have no task', () => {
    const idle = { ID: 'idle', Spec: { Mode: { Replicated: { Replicas: 0 } } } }
    expect(pace(10_000, settled, [web(), idle])).toBe(1_000)
  })
})

it('leaves a manager in peace for five times what its answer took', () => {
  expect([0, 4, 15, 100, 400].map(restOf)).toEqual([20, 20, 75, 500, 2_000])
  expect(restOf(2_900)).toBe(5_000)
})
