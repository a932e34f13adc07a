import type { Clock } from '../support/clock.ts'
import type { Deferral } from './apply/context.ts'

/** A worker that only finishes what it has. */
export type OldWorker = { readonly pid: number; readonly reloads: number }

export type ReloadBudgetOptions = {
  readonly clock: Clock
  /** Least time from one reload to the next; 0: none. */
  readonly intervalMs: number
  /** As `mworker-max-reloads` in the text: the master ends a worker that has seen more reloads. */
  readonly mostReloads: number
  /** The old workers there are. */
  readonly oldWorkers: () => Promise<readonly OldWorker[]>
}

/** An old worker may end at any moment: looked at again after this. */
const workersAgainMs = 5_000

/**
 * Says when HAProxy may be reloaded: not too soon after the last time, so that many changes are one
 * reload, and not while that would end an old worker by the count of its reloads. A worker that is
 * there has connections, and is younger than `hard-stop-after`, which ends it otherwise: long
 * WebSockets are cut by their age alone, and the number of workers is bounded by waiting.
 */
export class ReloadBudget {
  readonly #options: ReloadBudgetOptions
  #lastAtMs: number | undefined

  constructor(options: ReloadBudgetOptions) {
    this.#options = options
  }

  /** HAProxy was reloaded just now. */
  reloaded(): void {
    this.#lastAtMs = this.#options.clock.now()
  }

  /** HAProxy was started: nothing is spent yet. */
  started(): void {
    this.#lastAtMs = undefined
  }

  /** Undefined: now. */
  async wait(): Promise<Pick<Deferral, 'by' | 'afterMs'> | undefined> {
    const { clock, intervalMs, mostReloads, oldWorkers } = this.#options
    const sinceMs = this.#lastAtMs === undefined ? Infinity : clock.now() - this.#lastAtMs
    // A clock that was set back must not make it wait for long.
    if (sinceMs >= 0 && sinceMs < intervalMs) {
      return { by: 'interval', afterMs: intervalMs - sinceMs }
    }
    const workers = await oldWorkers()
    // With the next reload the master counts one more, and ends those above its limit.
    if (workers.some(({ reloads }) => reloads >= mostReloads)) {
      return { by: 'workers', afterMs: workersAgainMs }
    }
    return undefined
  }
}
