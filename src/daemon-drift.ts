import type { Applier } from './haproxy/applier.ts'
import { messageOf } from './model/errors.ts'
import type { Problem } from './model/problem.ts'
import type { Pipeline } from './pipeline/pipeline.ts'
import type { Settings } from './settings/settings.ts'
import type { Clock } from './support/clock.ts'
import type { Logger } from './support/log.ts'

export type DriftOptions = {
  readonly applier: Pick<Applier, 'checkDrift'>
  readonly pipeline: Pick<Pipeline, 'state' | 'triggerRepair'>
  readonly log: Pick<Logger, 'warn'>
  readonly clock: Clock
  readonly settings: Pick<Settings, 'drift' | 'driftIntervalMs'>
}

/** So many differences are told; the rest by their number. */
const mostTold = 3

/**
 * Reads HAProxy back now and then: what somebody else changed there is repaired, or shown and left.
 * Operators' words are no drift, since they are in what is wanted.
 */
export class Drift {
  readonly #options: DriftOptions
  #found: readonly string[] = []

  constructor(options: DriftOptions) {
    this.#options = options
  }

  /** Differences that are left as they are: what would be done about them, for people. */
  get found(): readonly string[] {
    return this.#found
  }

  problems(): readonly Problem[] {
    if (this.#found.length === 0) return []
    const what = `it was changed by someone else, and is left so: ${told(this.#found)}`
    return [{ where: 'haproxy', what, hint: 'with --drift repair it is brought back' }]
  }

  /** Until the signal aborts. */
  async watch(signal: AbortSignal): Promise<void> {
    const { clock, settings } = this.#options
    for (;;) {
      await clock.sleep(settings.driftIntervalMs, signal)
      if (signal.aborted) return
      await this.#check()
    }
  }

  async #check(): Promise<void> {
    const { applier, pipeline, log, settings } = this.#options
    const { target, isApplied } = pipeline.state()
    if (target === undefined || !isApplied) return
    try {
      const found = await applier.checkDrift(target.desired, settings.drift)
      // A change may have been applied between the two; then the difference is not drift.
      if (pipeline.state().target !== target) return
      const isNews = found.join('\n') !== this.#found.join('\n')
      this.#found = settings.drift === 'report' ? found : []
      if (found.length === 0) return
      if (settings.drift === 'repair') {
        log.warn({ drift: found }, 'HAProxy was changed by someone else; repairing')
        pipeline.triggerRepair(`drift: ${told(found)}`)
      } else if (isNews) log.warn({ drift: found }, 'HAProxy was changed by someone else; left so')
    } catch (error) {
      log.warn(`cannot read HAProxy back: ${messageOf(error)}`)
    }
  }
}

function told(found: readonly string[]): string {
  const rest = found.length - mostTold
  const more = rest > 0 ? [`and ${rest} more`] : []
  return [...found.slice(0, mostTold), ...more].join('; ')
}
