import type { Problem } from '../model/problem.ts'
import { messageOf } from '../model/errors.ts'
import type { OperatorWord, RoutingMemory } from '../routing/contract.ts'
import { BackgroundWriter } from '../support/background-writer.ts'
import type { Clock } from '../support/clock.ts'
import { emptyKeptState, readKeptState, writeKeptState, type KeptState } from './operator-state.ts'

/** What an operator says about an endpoint; `ready` and `null` take the word back. */
export type WordChange = {
  readonly state?: 'drain' | 'maint' | 'ready'
  readonly weight?: number | null
}

/**
 * Operators' words and what else must outlive the process. Words are on disk before `setWord`
 * resolves; the rest follows in the background.
 */
export class OperatorStore {
  readonly #path: string
  readonly #clock: Clock
  #state: KeptState = emptyKeptState
  #writing: Promise<void> = Promise.resolve()
  #words: Promise<void> = Promise.resolve()
  readonly #writer: BackgroundWriter
  #problem: Problem | undefined
  #loadProblem: Problem | undefined

  constructor(path: string, clock: Clock) {
    this.#path = path
    this.#clock = clock
    this.#writer = new BackgroundWriter({
      write: () => this.#write(),
      onResult: (error) => {
        this.#problem =
          error === undefined
            ? undefined
            : { where: 'kept state', what: messageOf(error), hint: 'free some space' }
      },
      clock,
    })
  }

  async load(): Promise<void> {
    const { state, problem } = await readKeptState(this.#path)
    this.#state = state
    this.#loadProblem = problem
  }

  words(): ReadonlyMap<string, OperatorWord> {
    return this.#state.words
  }

  memory(): RoutingMemory {
    return this.#state.memory
  }

  accepted(): readonly string[] {
    return this.#state.accepted
  }

  problems(): readonly Problem[] {
    return [this.#loadProblem, this.#problem].filter((each) => each !== undefined)
  }

  /**
   * Resolves when the word is on disk. Throws StateWriteError; the word then does not count. One at
   * a time, so that a word that is taken back does not take the next one along.
   */
  setWord(endpoint: string, change: WordChange): Promise<void> {
    const set = (): Promise<void> => this.#setWord(endpoint, change)
    const done = this.#words.then(set, set)
    this.#words = done
    return done
  }

  async #setWord(endpoint: string, change: WordChange): Promise<void> {
    const before = this.#state.words
    const word: OperatorWord = {
      state: change.state === undefined ? before.get(endpoint)?.state : stateOf(change.state),
      weight:
        change.weight === undefined ? before.get(endpoint)?.weight : (change.weight ?? undefined),
      sinceMs: this.#clock.now(),
    }
    const words = new Map(before)
    if (word.state === undefined && word.weight === undefined) words.delete(endpoint)
    else words.set(endpoint, word)
    this.#state = { ...this.#state, words }
    try {
      await this.#write()
    } catch (error) {
      this.#state = { ...this.#state, words: before }
      throw error
    }
  }

  /** Keeps routing's memory and the probed endpoints; written when something changed. */
  keep(memory: RoutingMemory, accepted: readonly string[]): void {
    const isSame =
      isSameMemory(memory, this.#state.memory) && isSameList(accepted, this.#state.accepted)
    this.#state = { ...this.#state, memory, accepted }
    if (!isSame) this.#writer.touch()
  }

  /** Resolves when all is written that could be. */
  async flush(): Promise<void> {
    await this.#writer.flush()
  }

  /** One write at a time, each of the newest state. */
  #write(): Promise<void> {
    const write = (): Promise<void> => writeKeptState(this.#path, this.#state)
    this.#writing = this.#writing.then(write, write)
    return this.#writing
  }
}

function stateOf(state: 'drain' | 'maint' | 'ready'): 'drain' | 'maint' | undefined {
  return state === 'ready' ? undefined : state
}

function isSameList(a: readonly string[], b: readonly string[]): boolean {
  return a === b || (a.length === b.length && a.every((key, index) => key === b[index]))
}

/** Routing keeps the objects of what did not change, so that this seldom looks into them. */
function isSameMemory(a: RoutingMemory, b: RoutingMemory): boolean {
  return (
    a.defaultService === b.defaultService &&
    isSameRecord(a.hosts, b.hosts) &&
    isSameRecord(a.services, b.services)
  )
}

function isSameRecord<T>(a: Readonly<Record<string, T>>, b: Readonly<Record<string, T>>): boolean {
  if (a === b) return true
  const keys = Object.keys(a)
  if (keys.length !== Object.keys(b).length) return false
  return keys.every((key) => Object.hasOwn(b, key) && isSameValue(a[key], b[key]))
}

function isSameValue(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b)
}
