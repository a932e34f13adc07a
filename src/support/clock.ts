/** Time as the rest of the program sees it, so that tests can own it. */
export type Clock = {
  /** Unix milliseconds. */
  now(): number
  /**
   * Resolves after the time, or at once when the signal aborts; never rejects. Does not follow
   * `now()` when the clock is set, and may end a millisecond early by it.
   */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>
}

/** Node takes a longer timer (more than 24 days) for one of 1 ms. */
const mostTimerMs = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (delayMs, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve()
      const done = (): void => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', done)
        resolve()
      }
      let leftMs = delayMs
      const next = (): NodeJS.Timeout => {
        const stepMs = Math.min(leftMs, mostTimerMs)
        leftMs -= stepMs
        return setTimeout(() => (leftMs > 0 ? (timer = next()) : done()), stepMs)
      }
      let timer = next()
      signal?.addEventListener('abort', done, { once: true })
    }),
}

/** A clock that stands still until `advance` moves it; sleepers wake in the order of their times. */
export class ManualClock implements Clock {
  #now: number
  #sleepers: { at: number; wake: () => void }[] = []

  constructor(startMs = 1_000_000) {
    this.#now = startMs
  }

  now(): number {
    return this.#now
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve()
      const wake = (): void => {
        signal?.removeEventListener('abort', wake)
        this.#sleepers = this.#sleepers.filter((each) => each.wake !== wake)
        resolve()
      }
      this.#sleepers.push({ at: this.#now + delayMs, wake })
      signal?.addEventListener('abort', wake, { once: true })
    })
  }

  async advance(byMs: number): Promise<void> {
    const end = this.#now + byMs
    for (;;) {
      // Let everyone who was woken go to sleep again before looking for the next.
      await new Promise((resolve) => setImmediate(resolve))
      const next = this.#sleepers.sort((a, b) => a.at - b.at)[0]
      if (next === undefined || next.at > end) break
      this.#now = Math.max(this.#now, next.at)
      next.wake()
    }
    this.#now = end
  }
}
