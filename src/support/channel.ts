/**
 * A queue with one reader that is an AsyncIterable: for streams in which every item counts
 * (observations). Ends when the signal aborts.
 */
export class Channel<T> implements AsyncIterable<T> {
  readonly #items: T[] = []
  readonly #signal: AbortSignal
  #wake: (() => void) | undefined

  constructor(signal: AbortSignal) {
    this.#signal = signal
    signal.addEventListener('abort', () => this.#wake?.(), { once: true })
  }

  push(item: T): void {
    if (this.#signal.aborted) return
    this.#items.push(item)
    this.#wake?.()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    while (!this.#signal.aborted) {
      const item = this.#items.shift()
      if (item !== undefined) {
        yield item
        continue
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      this.#wake = undefined
    }
  }
}
