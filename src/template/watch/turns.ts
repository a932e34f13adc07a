/** The right to have one long poll. */
export type Turn = {
  /** Others wait: the poll should be short. */
  readonly isShort: boolean
  /** Aborts when somebody else needs the turn. */
  readonly ending: AbortSignal
  end(): void
}

type Holder = { readonly isShort: boolean; readonly controller: AbortController }

/**
 * No more long polls at a time than a number. Where more are wanted they take turns: whoever has a
 * long one is asked to give it back, and then each has a short one, first come, first served.
 */
export class Turns {
  #most: number
  readonly #holders = new Set<Holder>()
  readonly #waiting = new Set<(holder: Holder) => void>()

  constructor(most: number) {
    this.#most = most
  }

  /** How many wait for their turn. */
  get waiting(): number {
    return this.#waiting.size
  }

  resize(most: number): void {
    this.#most = Math.max(1, most)
    let surplus = this.#holders.size - this.#most
    for (const { controller } of this.#holders) if (surplus-- > 0) controller.abort()
    this.#pass()
  }

  /** Rejects when the signal aborts first. */
  async take(signal: AbortSignal): Promise<Turn> {
    signal.throwIfAborted()
    const isFree = this.#holders.size < this.#most && this.#waiting.size === 0
    const holder = isFree ? this.#hold() : await this.#queue(signal)
    return {
      isShort: holder.isShort,
      ending: holder.controller.signal,
      end: () => {
        if (this.#holders.delete(holder)) this.#pass()
      },
    }
  }

  #queue(signal: AbortSignal): Promise<Holder> {
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.#waiting.delete(go)
        reject(signal.reason)
      }
      const go = (holder: Holder): void => {
        signal.removeEventListener('abort', abort)
        resolve(holder)
      }
      this.#waiting.add(go)
      signal.addEventListener('abort', abort, { once: true })
      this.#endLongest()
    })
  }

  /** The one that has had a long turn for the longest time. */
  #endLongest(): void {
    for (const { isShort, controller } of this.#holders) {
      if (isShort || controller.signal.aborted) continue
      controller.abort()
      return
    }
  }

  #pass(): void {
    for (const next of this.#waiting) {
      if (this.#holders.size >= this.#most) return
      this.#waiting.delete(next)
      next(this.#hold())
    }
  }

  #hold(): Holder {
    const holder = { isShort: this.#waiting.size > 0, controller: new AbortController() }
    this.#holders.add(holder)
    return holder
  }
}
