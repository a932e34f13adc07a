import type { ChangeReport } from './contract.ts'

/**
 * The list of what was changed and why: keeps the newest `capacity` entries, and hands each new one
 * to every subscriber. A subscriber that does not read holds at most `capacity` entries, then it is
 * dropped: its iteration ends early, and `recent` with the ids says what it missed.
 */
export class Ledger {
  readonly #capacity: number
  readonly #recent: ChangeReport[] = []
  readonly #subscriptions = new Set<Subscription>()
  #lastId: number

  /** `before`: what an earlier fairlead has kept, newest last; the ids go on after `lastId`. */
  constructor(capacity = 256, before: readonly ChangeReport[] = [], lastId = 0) {
    this.#capacity = capacity
    this.#recent.push(...before.slice(-capacity))
    this.#lastId = Math.max(lastId, this.#recent.at(-1)?.id ?? 0)
  }

  /** Adds an entry under the next id, which counts up from 1. */
  record(entry: Omit<ChangeReport, 'id'>): ChangeReport {
    const change: ChangeReport = { id: ++this.#lastId, ...entry }
    this.#recent.push(change)
    if (this.#recent.length > this.#capacity) this.#recent.shift()
    for (const subscription of this.#subscriptions) {
      if (!subscription.offer(change)) this.#subscriptions.delete(subscription)
    }
    return change
  }

  /** Newest last. */
  recent(): readonly ChangeReport[] {
    return [...this.#recent]
  }

  /**
   * Each entry from now on; subscribed when called, not when first read. To be read once. Ends when
   * the signal aborts, or early when the reader has fallen behind.
   */
  changes(signal: AbortSignal): AsyncIterable<ChangeReport> {
    const subscription = new Subscription(this.#capacity)
    const end = (): void => {
      subscription.end()
      signal.removeEventListener('abort', end)
      this.#subscriptions.delete(subscription)
    }
    if (signal.aborted) subscription.end()
    else {
      this.#subscriptions.add(subscription)
      signal.addEventListener('abort', end)
    }
    return read(subscription, end)
  }

  get subscriberCount(): number {
    return this.#subscriptions.size
  }
}

async function* read(
  subscription: Subscription,
  end: () => void,
): AsyncGenerator<ChangeReport, void, undefined> {
  try {
    for (;;) {
      const change = await subscription.take()
      if (change === undefined) return
      yield change
    }
  } finally {
    end()
  }
}

class Subscription {
  readonly #capacity: number
  #queue: ChangeReport[] = []
  #hasEnded = false
  #wake: (() => void) | undefined

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  /** False when the queue is full; then the subscription has ended. */
  offer(change: ChangeReport): boolean {
    if (this.#queue.length >= this.#capacity) this.end()
    else this.#queue.push(change)
    this.#wake?.()
    return !this.#hasEnded
  }

  end(): void {
    this.#hasEnded = true
    this.#queue = []
    this.#wake?.()
  }

  async take(): Promise<ChangeReport | undefined> {
    while (this.#queue.length === 0) {
      if (this.#hasEnded) return undefined
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      this.#wake = undefined
    }
    return this.#queue.shift()
  }
}
