import type { Clock } from '../support/clock.ts'
import { ConsulApiError } from './errors.ts'

/** What a blocked reader waits on: something whose change may end its wait. */
export type Topic = string

type Waiter = { readonly isOver: () => boolean; readonly end: () => void }

/** More readers than this are refused with 429, as an agent refuses those beyond its limit. */
export const mostWaiting = 4096

/**
 * Readers of blocking queries, by what they wait on. While nothing changes they cost their memory
 * only; a change looks at those who wait on just that.
 */
export class Waits {
  readonly #byTopic = new Map<Topic, Set<Waiter>>()
  readonly #clock: Clock
  readonly #most: number
  #count = 0
  #isClosed = false

  constructor(clock: Clock, most = mostWaiting) {
    this.#clock = clock
    this.#most = most
  }

  /** How many wait now. */
  get count(): number {
    return this.#count
  }

  /**
   * Resolves when a touched topic finds `isOver`, when the time is up or the signal aborts.
   * Throws ConsulApiError (429) when too many wait already.
   */
  async until(
    topics: readonly Topic[],
    isOver: () => boolean,
    waitMs: number,
    signal: AbortSignal,
  ): Promise<void> {
    if (this.#count >= this.#most) {
      throw new ConsulApiError(429, `${this.#most} requests are waiting already`)
    }
    if (this.#isClosed || signal.aborted) return
    const ending = new AbortController()
    const end = (): void => ending.abort()
    const waiter: Waiter = { isOver, end }
    this.#count += 1
    for (const topic of topics) this.#waitersOf(topic).add(waiter)
    signal.addEventListener('abort', end, { once: true })
    try {
      await this.#clock.sleep(waitMs, ending.signal)
    } finally {
      this.#count -= 1
      signal.removeEventListener('abort', end)
      for (const topic of topics) this.#leave(topic, waiter)
    }
  }

  /** What somebody waits on. */
  topics(): Iterable<Topic> {
    return this.#byTopic.keys()
  }

  /** Says that something changed. */
  touch(topics: Iterable<Topic>): void {
    if (this.#count === 0) return
    const met = new Set<Waiter>()
    for (const topic of topics) for (const waiter of this.#byTopic.get(topic) ?? []) met.add(waiter)
    for (const waiter of met) if (waiter.isOver()) waiter.end()
  }

  /** Ends all waits; whoever comes later does not wait. */
  close(): void {
    this.#isClosed = true
    for (const waiters of this.#byTopic.values()) for (const waiter of waiters) waiter.end()
  }

  #waitersOf(topic: Topic): Set<Waiter> {
    let waiters = this.#byTopic.get(topic)
    if (waiters === undefined) this.#byTopic.set(topic, (waiters = new Set()))
    return waiters
  }

  #leave(topic: Topic, waiter: Waiter): void {
    const waiters = this.#byTopic.get(topic)
    waiters?.delete(waiter)
    if (waiters?.size === 0) this.#byTopic.delete(topic)
  }
}
