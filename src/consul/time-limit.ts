import { setMaxListeners } from 'node:events'

/** A signal that aborts when the time is over or another signal does. `end` has to be called. */
export class TimeLimit {
  readonly timeoutMs: number
  // Not AbortSignal.any: in Node 20 each one stays attached to a long-lived signal.
  readonly #controller = new AbortController()
  readonly #timer: NodeJS.Timeout
  readonly #outer: AbortSignal | undefined
  readonly #abort = (): void => this.#controller.abort()

  constructor(timeoutMs: number, outer: AbortSignal | undefined) {
    this.timeoutMs = timeoutMs
    this.#timer = setTimeout(this.#abort, timeoutMs)
    this.#outer = outer
    if (outer === undefined) return
    // As many requests as there are may wait on one signal.
    setMaxListeners(0, outer)
    outer.addEventListener('abort', this.#abort, { once: true })
    if (outer.aborted) this.#abort()
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Whether nobody waits for the result any more. */
  get isGivenUp(): boolean {
    return this.#outer?.aborted === true
  }

  end(): void {
    clearTimeout(this.#timer)
    this.#outer?.removeEventListener('abort', this.#abort)
  }
}
