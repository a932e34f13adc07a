import { parentPort, workerData } from 'node:worker_threads'
import { runOnce, shrink, targets } from './run.ts'
import type { Failure } from './run.ts'

/** Numbers shared with the thread that watches: which target and run are under way, and ticks. */
export type Watched = {
  readonly seed: number
  readonly untilMs: number
  readonly state: Int32Array
}

/** Runs of one target before the next one has its turn. */
const turn = 50

const { seed, untilMs, state } = workerData as Watched
const counts = new Map(targets.map(({ name }) => [name, 0]))

/** Until the time is up or something does not hold; says which, with the runs done. */
function fuzz(): Failure | undefined {
  for (let first = 0; Date.now() < untilMs; first += turn) {
    for (const [index, target] of targets.entries()) {
      Atomics.store(state, 0, index)
      for (let run = first; run < first + turn; run += 1) {
        Atomics.store(state, 1, run)
        Atomics.add(state, 2, 1)
        const failure = runOnce(target, seed, run)
        if (failure !== undefined) return shrink(target, failure)
        counts.set(target.name, run + 1)
      }
    }
  }
  return undefined
}

// A thread's port, not a window's.
// oxlint-disable-next-line unicorn/require-post-message-target-origin
parentPort?.postMessage({ failure: fuzz(), counts })
