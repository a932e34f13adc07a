import type { Answer, Consul, RequestOptions } from '../consul/contract.ts'
import { checkAnswer } from './answer-shape.ts'

export type RequestLimits = {
  /** Reads that are answered at once, at a time: a start must not be a load on the agent. */
  readonly mostReads: number
  /** All requests at a time, with those that wait for a change; each takes a connection. */
  readonly mostRequests: number
}

const defaultLimits: RequestLimits = { mostReads: 16, mostRequests: 56 }

/**
 * Consul as the catalogue's reader asks it: never more requests at a time than one agent should get
 * from one client, each answer checked before anybody sees it, everything counted. Requests with an
 * index wait for a change at Consul, not here; the reader sees to it that they leave room.
 */
export class BoundedConsul implements Consul {
  readonly #consul: Consul
  readonly #limits: RequestLimits
  /** In the order they came; one that is given up is not among them any more. */
  readonly #waiting = new Set<() => void>()
  #reads = 0
  #blocking = 0
  #requests = 0
  #failed = 0
  readonly #onReset: () => void
  /** Of the last answer, by path. */
  readonly #indexes = new Map<string, number>()

  /** `onReset`: Consul has lost its state, told before anybody sees the answer that says so. */
  constructor(
    consul: Consul,
    onReset: () => void = () => undefined,
    limits: RequestLimits = defaultLimits,
  ) {
    this.#consul = consul
    this.#limits = limits
    this.#onReset = onReset
  }

  /** Requests sent, and those of them that got no usable answer, since the start. */
  get counts(): { readonly requests: number; readonly failed: number } {
    return { requests: this.#requests, failed: this.#failed }
  }

  async get<T>(path: string, options: RequestOptions = {}): Promise<Answer<T>> {
    if ((options.query?.['index'] ?? 0) === 0) return this.read<T>(path, options)
    this.#blocking++
    try {
      return await this.#ask<T>(path, options)
    } finally {
      this.#blocking--
      this.#next()
    }
  }

  /** As `get`, in turn with the other reads even with an index: one that waits but shortly. */
  async read<T>(path: string, options: RequestOptions): Promise<Answer<T>> {
    await this.#turn(options.signal)
    try {
      return await this.#ask<T>(path, options)
    } finally {
      this.#reads--
      this.#next()
    }
  }

  put<T>(path: string, body?: unknown, options?: RequestOptions): Promise<T> {
    return this.#consul.put<T>(path, body, options)
  }

  delete<T>(path: string, options?: RequestOptions): Promise<T> {
    return this.#consul.delete<T>(path, options)
  }

  close(): void {
    this.#consul.close()
  }

  async #ask<T>(path: string, options: RequestOptions): Promise<Answer<T>> {
    this.#requests++
    try {
      const answer = await this.#consul.get<T>(path, options)
      checkAnswer(path, answer.value)
      this.#compareIndex(path, answer)
      return answer
    } catch (error) {
      if (options.signal?.aborted !== true) this.#failed++
      throw error
    }
  }

  /**
   * An index that goes backwards is that of a server behind the one before, or of one that began
   * anew (manual: Blocking Queries). The leader is behind nobody, and no server by half of all that
   * ever happened.
   */
  #compareIndex(path: string, { index, lastContactMs }: Answer<unknown>): void {
    const before = this.#indexes.get(path) ?? 0
    if (index === 0) return
    this.#indexes.set(path, index)
    if (index < before && (lastContactMs === 0 || index * 2 <= before)) this.#onReset()
  }

  get #hasRoom(): boolean {
    const { mostReads, mostRequests } = this.#limits
    return this.#reads < mostReads && this.#reads + this.#blocking < mostRequests
  }

  async #turn(signal: AbortSignal | undefined): Promise<void> {
    while (!this.#hasRoom) {
      signal?.throwIfAborted()
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.#waiting.delete(wake)
          signal?.removeEventListener('abort', wake)
          resolve()
        }
        this.#waiting.add(wake)
        signal?.addEventListener('abort', wake, { once: true })
      })
    }
    // The turn that an aborted one was given is somebody else's.
    if (signal?.aborted === true) this.#next()
    signal?.throwIfAborted()
    this.#reads++
  }

  #next(): void {
    const [wake] = this.#waiting
    wake?.()
  }
}
