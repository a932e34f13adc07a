import type { SourceState } from '../model/candidate.ts'
import type { Clock } from '../support/clock.ts'

/** The state of one source, with the time since when it is in it. At first it is connecting. */
export class SourceRecord {
  readonly #clock: Clock
  #state: SourceState

  constructor(source: string, clock: Clock) {
    this.#clock = clock
    this.#state = { source, state: 'connecting', error: '', sinceMs: clock.now() }
  }

  get state(): SourceState {
    return this.#state
  }

  /** `error`: what is wrong, also while it is in the same state; empty: nothing. */
  set(state: SourceState['state'], error: string): void {
    const sinceMs = state === this.#state.state ? this.#state.sinceMs : this.#clock.now()
    this.#state = { source: this.#state.source, state, error, sinceMs }
  }
}
