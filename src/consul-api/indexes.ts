/**
 * The counter that stands for Consul's raft index: every change takes the next number, and readers
 * wait for a higher one. Started from the clock's milliseconds, or from the last one kept where that
 * is more, it goes on upwards after a restart.
 */
export class Indexes {
  #current: number

  constructor(startMs: number) {
    this.#current = Math.max(1, Math.floor(startMs))
  }

  get current(): number {
    return this.#current
  }

  next(): number {
    return ++this.#current
  }
}
