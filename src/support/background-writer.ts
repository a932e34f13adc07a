import type { Clock } from './clock.ts'

/** A write waits this long, so that storing a change never delays the change itself. */
const delayMs = 25
/** After a write comes a pause of at least this, and of twenty times what the write took. */
const leastPauseMs = 250

/**
 * Keeps a file up to date with something that changes often: one write at a time, each of the
 * newest content, a few a second at most and never more than a twentieth of the time.
 */
export class BackgroundWriter {
  readonly #write: () => Promise<void>
  readonly #onResult: (error: unknown) => void
  readonly #clock: Clock
  #isDirty = false
  #running: Promise<void> | undefined
  /** Aborted to write at once what waits. */
  #hurry = new AbortController()

  /** `onResult` is told of every write: undefined when it succeeded, else the error. */
  constructor(options: {
    readonly write: () => Promise<void>
    readonly onResult: (error: unknown) => void
    readonly clock: Clock
  }) {
    this.#write = options.write
    this.#onResult = options.onResult
    this.#clock = options.clock
  }

  /** Says that the content changed. */
  touch(): void {
    this.#isDirty = true
    this.#running ??= this.#run()
  }

  /** Resolves when everything touched so far was written, or could not be. */
  async flush(): Promise<void> {
    this.#hurry.abort()
    await this.#running
    this.#hurry = new AbortController()
  }

  async #run(): Promise<void> {
    let pauseMs = delayMs
    while (this.#isDirty) {
      await this.#clock.sleep(pauseMs, this.#hurry.signal)
      this.#isDirty = false
      const startedAtMs = this.#clock.now()
      await this.#write().then(() => this.#onResult(undefined), this.#onResult)
      pauseMs = Math.max(leastPauseMs, 20 * (this.#clock.now() - startedAtMs))
    }
    this.#running = undefined
  }
}
