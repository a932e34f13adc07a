import type { Indexes } from './indexes.ts'
import type { View } from './views.ts'
import type { Waits } from './waits.ts'

/** What a blocking query asks for besides its view. */
export type Blocking = {
  /** The index the reader has; 0: answer at once. */
  readonly index: number
  readonly waitMs: number
}

export type Answered = {
  readonly index: number
  /** As JSON; undefined: there is nothing, which Consul answers with 404. */
  readonly json: string | undefined
}

/**
 * Answers views, at once or when their index has passed the reader's, as Consul's blocking queries
 * do (manual: HTTP API, Blocking Queries). Readers who are woken by one change share one answer.
 */
export class Answers {
  readonly #waits: Waits
  readonly #indexes: Indexes
  readonly #sync: () => void
  #cache = new Map<string, string>()
  #cachedAt = 0
  #cachedCharacters = 0

  /** @param sync takes up what the catalogue does not know yet; called before each answer. */
  constructor(waits: Waits, indexes: Indexes, sync: () => void) {
    this.#waits = waits
    this.#indexes = indexes
    this.#sync = sync
  }

  async answer(view: View, blocking: Blocking, signal: AbortSignal): Promise<Answered> {
    this.#sync()
    const { index, waitMs } = blocking
    if (index > 0 && view.index() <= index) {
      await this.#waits.until(view.topics, () => view.index() > index, waitMs, signal)
      this.#sync()
    }
    return { index: Math.max(1, view.index()), json: this.#json(view) }
  }

  #json(view: View): string | undefined {
    if (this.#cachedAt !== this.#indexes.current) {
      this.#cache = new Map()
      this.#cachedAt = this.#indexes.current
      this.#cachedCharacters = 0
    }
    const known = this.#cache.get(view.key)
    if (known !== undefined) return known
    const json: string | undefined = JSON.stringify(view.value())
    // Questions come from outside: what nobody asks for twice must not fill the memory.
    const characters = this.#cachedCharacters + (json?.length ?? 0) + view.key.length
    if (json === undefined || characters > mostCachedCharacters) return json
    this.#cachedCharacters = characters
    this.#cache.set(view.key, json)
    return json
  }
}

const mostCachedCharacters = 8 * 1024 * 1024
