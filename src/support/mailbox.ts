/**
 * A one-slot mailbox between two stages: the newest input wins, an unread one is merged with it.
 * Never a growing queue: whatever the pace of the writer, the reader finds at most one item.
 */
export class Mailbox<T> {
  readonly #merge: (unread: T, newer: T) => T
  #slot: { item: T } | undefined
  #wakes: (() => void)[] = []

  constructor(merge: (unread: T, newer: T) => T = (_unread, newer) => newer) {
    this.#merge = merge
  }

  put(item: T): void {
    this.#slot = { item: this.#slot === undefined ? item : this.#merge(this.#slot.item, item) }
    for (const wake of this.#wakes.splice(0)) wake()
  }

  /** Resolves when there is an unread item; leaves it where it is. */
  async arrival(): Promise<void> {
    if (this.#slot !== undefined) return
    await new Promise<void>((resolve) => {
      this.#wakes.push(resolve)
    })
  }

  /** The item, taken out, as soon as there is one; undefined once the signal aborts. One reader only. */
  async take(signal: AbortSignal): Promise<T | undefined> {
    while (this.#slot === undefined) {
      if (signal.aborted) return undefined
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          signal.removeEventListener('abort', wake)
          resolve()
        }
        this.#wakes.push(wake)
        signal.addEventListener('abort', wake, { once: true })
      })
    }
    const { item } = this.#slot
    this.#slot = undefined
    return item
  }
}
