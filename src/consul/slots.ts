/** A fixed number of slots; whoever finds none waits, first come, first served. */
export class Slots {
  readonly #waiting = new Set<() => void>()
  #left: number

  constructor(count: number) {
    this.#left = count
  }

  /** Resolves to the function that gives the slot back; rejects when the signal aborts before. */
  async take(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted()
    if (this.#left > 0) this.#left--
    else await this.#turn(signal)
    let isTaken = true
    return () => {
      if (isTaken) this.#giveBack()
      isTaken = false
    }
  }

  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.#waiting.delete(go)
        reject(signal.reason)
      }
      const go = (): void => {
        signal.removeEventListener('abort', abort)
        resolve()
      }
      this.#waiting.add(go)
      signal.addEventListener('abort', abort, { once: true })
    })
  }

  /** A slot goes from one to the next without becoming free in between. */
  #giveBack(): void {
    const [next] = this.#waiting
    if (next === undefined) {
      this.#left++
      return
    }
    this.#waiting.delete(next)
    next()
  }
}
