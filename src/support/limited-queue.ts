/**
 * Does a task for every item that is added, in the order in which they came and at most `most` at a
 * time. An item that waits already is not added again.
 */
export class LimitedQueue<T> {
  readonly #most: number
  readonly #task: (item: T) => Promise<void>
  readonly #waiting = new Set<T>()
  #running = 0

  /** The task never rejects. */
  constructor(most: number, task: (item: T) => Promise<void>) {
    this.#most = most
    this.#task = task
  }

  add(item: T): void {
    this.#waiting.add(item)
    if (this.#running < this.#most) void this.#work()
  }

  /** The item waits no longer; a task that has begun goes on. */
  remove(item: T): void {
    this.#waiting.delete(item)
  }

  async #work(): Promise<void> {
    this.#running++
    // What is added meanwhile comes in this loop, too.
    for (const item of this.#waiting) {
      this.#waiting.delete(item)
      await this.#task(item)
    }
    this.#running--
  }
}
