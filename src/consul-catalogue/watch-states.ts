import type { WatchState } from '../consul/contract.ts'

/** The watch that is asked for an answer so often that a silent Consul is noticed soon. */
export const pulse = 'pulse'

/** A watch by the path it follows. */
export type NamedWatchState = WatchState & { readonly path: string }

/** How the watches are doing, each and together. */
export class WatchStates {
  readonly #startedAtMs: number
  readonly #onAway: (isAway: boolean) => void
  #isAway = false
  readonly #states = new Map<string, WatchState>()
  #answeredAtMs: number | undefined

  /** `onAway`: Consul went away (it does not answer, or has no leader), or is back. */
  constructor(nowMs: number, onAway: (isAway: boolean) => void) {
    this.#startedAtMs = nowMs
    this.#onAway = onAway
  }

  set(path: string, state: WatchState): void {
    this.#states.set(path, state)
    if (state.answeredAtMs !== undefined) {
      this.#answeredAtMs = Math.max(this.#answeredAtMs ?? 0, state.answeredAtMs)
    }
    this.#tellAway()
  }

  /** The watch has ended. */
  remove(path: string): void {
    this.#states.delete(path)
  }

  list(): readonly NamedWatchState[] {
    return [...this.#states].map(([path, state]) => ({ path, ...state }))
  }

  /**
   * `waiting` when none gets answers, or the pulse does not: then it is Consul, and not one service
   * or node. An error is shown even when it is only that of one.
   */
  together(): WatchState {
    const states = [...this.#states.values()]
    const state = this.#states.get(pulse)?.state === 'waiting' ? 'waiting' : worstOf(states)
    const same = states.filter((each) => each.state === state)
    return {
      state,
      error: states.find(({ error }) => error !== '')?.error ?? '',
      sinceMs:
        same.length === 0 ? this.#startedAtMs : Math.min(...same.map((each) => each.sinceMs)),
      answeredAtMs: this.#answeredAtMs,
    }
  }

  /** Waiting without an error is the time before the first answer. */
  #tellAway(): void {
    const { state, error } = this.together()
    const isAway = state === 'stale' || (state === 'waiting' && error !== '')
    if (isAway === this.#isAway) return
    this.#isAway = isAway
    this.#onAway(isAway)
  }
}

function worstOf(states: readonly WatchState[]): WatchState['state'] {
  if (states.every(({ state }) => state === 'waiting')) return 'waiting'
  return states.some(({ state }) => state === 'stale') ? 'stale' : 'current'
}
