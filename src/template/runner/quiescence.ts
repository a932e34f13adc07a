import type { Clock } from '../../support/clock.ts'
import type { WaitSetting } from '../config/contract.ts'

/**
 * Puts off the rendering of one template while what it depends on keeps changing: the first change
 * starts `minMs`, each further one starts it anew, but never beyond `maxMs` after the first.
 */
export class Quiescence {
  readonly #wait: WaitSetting
  readonly #clock: Clock
  readonly #onQuiet: () => void
  readonly #stop = new AbortController()
  /** When to render, and the latest such time (Unix ms); undefined: nothing has changed. */
  #due: { atMs: number; readonly latestMs: number } | undefined

  constructor(wait: WaitSetting, clock: Clock, onQuiet: () => void) {
    this.#wait = wait
    this.#clock = clock
    this.#onQuiet = onQuiet
  }

  /** Something has changed. */
  tick(): void {
    const now = this.#clock.now()
    const quietMs = now + this.#wait.minMs
    if (this.#due === undefined) {
      this.#due = { atMs: quietMs, latestMs: now + this.#wait.maxMs }
      this.#due.atMs = Math.min(quietMs, this.#due.latestMs)
      void this.#untilQuiet(this.#due)
    } else {
      this.#due.atMs = Math.min(quietMs, this.#due.latestMs)
    }
  }

  /** What is waited for is given up. */
  close(): void {
    this.#stop.abort()
  }

  async #untilQuiet(due: { readonly atMs: number }): Promise<void> {
    const { signal } = this.#stop
    for (;;) {
      const leftMs = due.atMs - this.#clock.now()
      if (leftMs <= 0) break
      await this.#clock.sleep(leftMs, signal)
      if (signal.aborted) return
    }
    this.#due = undefined
    this.#onQuiet()
  }
}
