import type { Answer, Consul, RequestOptions } from '../contract.ts'
import { ConsulError } from '../errors.ts'

export type FakeRequest = {
  readonly method: 'GET' | 'PUT' | 'DELETE'
  readonly path: string
  readonly query: NonNullable<RequestOptions['query']>
  readonly body: unknown
}

type Blocked = { readonly path: string; readonly look: () => void }

/**
 * A Consul in memory whose answers a test sets. Reads block as Consul's do: with `index`, until the
 * path has another one; they never end by their `wait` but by `expire`. Writes are recorded, and
 * answered by `onWrite`. A path that was not set is refused with 404.
 */
export class FakeConsul implements Consul {
  /** All requests that came, in order. */
  readonly requests: FakeRequest[] = []
  /** What a write gives; may throw. Undefined by default, as most of Consul's agent endpoints. */
  onWrite: (request: FakeRequest) => unknown = () => undefined
  readonly #answers = new Map<string, Answer<unknown>>()
  readonly #failures = new Map<string, { readonly error: Error; times: number }>()
  readonly #blocked = new Set<Blocked>()
  #index = 1

  /** Requests for a path, or all. */
  count(path?: string): number {
    return this.requests.filter((request) => path === undefined || request.path === path).length
  }

  /** Reads that wait for a change now. */
  blocked(path?: string): number {
    return [...this.#blocked].filter((each) => path === undefined || each.path === path).length
  }

  /** What reads of a path give from now on, with the next index unless another is given. */
  set(path: string, value: unknown, headers: Partial<Omit<Answer<unknown>, 'value'>> = {}): void {
    const index = headers.index ?? ++this.#index
    this.#index = Math.max(this.#index, index)
    this.#answers.set(path, { lastContactMs: 0, isLeaderKnown: true, ...headers, index, value })
    this.#wake(path)
  }

  /** Ends the blocked reads of a path as Consul does when `wait` is over. */
  expire(path: string): void {
    this.#wake(path)
  }

  /** Requests of a path throw, for so many times; those that are blocked now too. */
  fail(path: string, times = Number.POSITIVE_INFINITY, error: Error = noAnswer(path)): void {
    this.#failures.set(path, { error, times })
    this.#wake(path)
  }

  heal(path?: string): void {
    if (path === undefined) this.#failures.clear()
    else this.#failures.delete(path)
  }

  async get<T>(path: string, { query = {}, signal }: RequestOptions = {}): Promise<Answer<T>> {
    this.requests.push({ method: 'GET', path, query, body: undefined })
    this.#throwFailure(path)
    const index = Number(query['index'] ?? 0)
    if (index > 0 && this.#answers.get(path)?.index === index) await this.#change(path, signal)
    if (signal?.aborted) throw new ConsulError('consul_unreachable', 'given up')
    this.#throwFailure(path)
    const answer = this.#answers.get(path)
    if (answer !== undefined) return answer as Answer<T>
    throw new ConsulError('consul_refused', `nothing at ${path}`, { status: 404 })
  }

  put<T>(path: string, body?: unknown, { query = {} }: RequestOptions = {}): Promise<T> {
    return this.#write({ method: 'PUT', path, query, body })
  }

  delete<T>(path: string, { query = {} }: RequestOptions = {}): Promise<T> {
    return this.#write({ method: 'DELETE', path, query, body: undefined })
  }

  close(): void {
    for (const { look } of this.#blocked) look()
  }

  async #write<T>(request: FakeRequest): Promise<T> {
    this.requests.push(request)
    this.#throwFailure(request.path)
    return (await this.onWrite(request)) as T
  }

  #throwFailure(path: string): void {
    const failure = this.#failures.get(path)
    if (failure === undefined || failure.times <= 0) return
    failure.times--
    throw failure.error
  }

  #change(path: string, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve()
      const look = (): void => {
        this.#blocked.delete(blocked)
        signal?.removeEventListener('abort', look)
        resolve()
      }
      const blocked: Blocked = { path, look }
      this.#blocked.add(blocked)
      signal?.addEventListener('abort', look, { once: true })
    })
  }

  #wake(path: string): void {
    for (const blocked of this.#blocked) if (blocked.path === path) blocked.look()
  }
}

const noAnswer = (path: string): ConsulError =>
  new ConsulError('consul_unreachable', `Consul at fake: connect ECONNREFUSED (GET ${path})`)
