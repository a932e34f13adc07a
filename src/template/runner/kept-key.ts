import { ConsulError } from '../../consul/errors.ts'
import { Backoff } from '../../support/backoff.ts'
import type { Clock } from '../../support/clock.ts'

const firstPauseMs = 250
const mostPauseMs = 10_000

export type KeptKeyParts = {
  /** Throws ConsulError. */
  readonly write: (text: string) => Promise<unknown>
  /** Told of the first failure after a success, or of all. */
  readonly onFailure: (error: ConsulError) => void
  readonly clock: Clock
  /** Nothing is written any more. */
  readonly signal: AbortSignal
}

/**
 * A key of Consul's key-value store that is brought to the newest text. One write at a time: of two
 * under way Consul may take the newer first, and then the older would stand there for good. One that
 * fails is tried again, after pauses of 0.25 to 10 s, by then with the newest text.
 */
export class KeptKey {
  readonly #parts: KeptKeyParts
  readonly #pauses = new Backoff(firstPauseMs, mostPauseMs)
  /** Undefined: the key is not ours to write. */
  #wanted: string | undefined
  /** What stands there or is on its way, as far as is known. */
  #stored: string | undefined
  #isWriting = false
  #hasFailed = false
  #written: Promise<void> = Promise.resolve()

  constructor(parts: KeptKeyParts) {
    this.#parts = parts
  }

  /** From now on the key has to have this text. */
  keep(text: string): void {
    this.#wanted = text
    this.#start()
  }

  /** From now on others write it; what is under way may still get there. */
  release(): void {
    this.#wanted = undefined
    this.#stored = undefined
    this.#hasFailed = false
  }

  /** What was read there; another one's is overwritten. */
  found(text: string): void {
    if (text === this.#stored) return
    this.#stored = undefined
    this.#start()
  }

  /** Resolves when no write is under way; after the signal, or it may take for ever. */
  async ended(): Promise<void> {
    await this.#written
  }

  #start(): void {
    if (!this.#isWriting) this.#written = this.#write()
  }

  async #write(): Promise<void> {
    const { write, clock, signal } = this.#parts
    this.#isWriting = true
    while (this.#wanted !== undefined && this.#wanted !== this.#stored && !signal.aborted) {
      // Before it is there: what is found meanwhile may get there after it.
      this.#stored = this.#wanted
      try {
        await write(this.#wanted)
        this.#hasFailed = false
        this.#pauses.reset()
      } catch (error) {
        this.#failed(error)
        await clock.sleep(this.#pauses.next(), signal)
      }
    }
    this.#isWriting = false
  }

  #failed(error: unknown): void {
    if (!(error instanceof ConsulError)) throw error
    this.#stored = undefined
    // What others write now is no loss.
    if (this.#wanted === undefined || this.#parts.signal.aborted) return
    if (!this.#hasFailed) this.#parts.onFailure(error)
    this.#hasFailed = true
  }
}
