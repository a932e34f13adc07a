import type { Clock } from '../support/clock.ts'

const longestMs = 24 * 60 * 60 * 1000

/** A sleep that can be cut short. A call of `ring` while nobody sleeps ends the next sleep at once. */
export class Alarm {
  readonly #clock: Clock
  #wake: (() => void) | undefined
  #hasRung = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  ring(): void {
    this.#hasRung = true
    this.#wake?.()
  }

  /** At most a day; any time beyond is as good as that. One sleeper only. */
  async sleep(delayMs: number, signal: AbortSignal): Promise<void> {
    if (!this.#hasRung && !signal.aborted) {
      const pause = new AbortController()
      const wake = (): void => pause.abort()
      this.#wake = wake
      signal.addEventListener('abort', wake, { once: true })
      await this.#clock.sleep(Math.max(0, Math.min(delayMs, longestMs)), pause.signal)
      signal.removeEventListener('abort', wake)
      this.#wake = undefined
    }
    this.#hasRung = false
  }
}

/** Also when the clock was set back, so that it would be due later than it can be. */
export function isDue(dueMs: number, now: number, mostMs: number): boolean {
  return dueMs <= now || (dueMs !== Number.POSITIVE_INFINITY && dueMs - now > mostMs)
}
