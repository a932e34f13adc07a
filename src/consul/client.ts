import type { OutgoingHttpHeaders } from 'node:http'
import { answerOf, jsonOf } from './answer.ts'
import { isCleanPath } from './clean-path.ts'
import type { Answer, Consul, ConsulOptions, RequestOptions } from './contract.ts'
import { createEndpoint, OpenSockets, type Endpoint } from './endpoint.ts'
import { ConsulError, isUnsent, refusalOf, toConsulError, unaskable } from './errors.ts'
import { exchange, StaleConnection, type Reply } from './exchange.ts'
import { Slots } from './slots.ts'
import { TimeLimit } from './time-limit.ts'

const defaultAnswerTimeoutMs = 10_000
const defaultMostConnections = 48

type Method = 'GET' | 'PUT' | 'DELETE'
type Call = {
  readonly method: Method
  readonly path: string
  readonly body: string | undefined
  readonly options: RequestOptions
}

export type ClientLimits = {
  /** Connections to all addresses together; 48 by default. */
  readonly mostConnections?: number
  /** For requests that do not say it themselves; 10,000 by default. */
  readonly answerTimeoutMs?: number
}

/** `endpoint`: whom it was sent to, if to anyone. */
type Outcome<T> =
  | { readonly value: T }
  | { readonly error: ConsulError; readonly endpoint: Endpoint | undefined }

/**
 * A client of Consul's HTTP API at one or several addresses. It asks the address that worked last;
 * one that does not answer, or has no leader, is left for the next. A read that failed so is asked
 * again there within the same call, a write only where there was no connection at all: it may have
 * been taken otherwise, and what is registered with one agent must not be with another too.
 *
 * When a request has no answer in time, all others at its address fail with it; at a single address
 * only if it had `answerTimeoutMs`.
 *
 * It never has more than `mostConnections` connections; further requests wait for their turn, and
 * their time limit includes that. A blocking query has one for as long as it blocks.
 */
export class ConsulClient implements Consul {
  readonly #options: ConsulOptions
  readonly #headers: OutgoingHttpHeaders
  readonly #endpoints: readonly [Endpoint, ...Endpoint[]]
  readonly #slots: Slots
  readonly #mostConnections: number
  readonly #answerTimeoutMs: number
  readonly #sockets = new OpenSockets()
  #currentIndex = 0
  #isClosed = false
  #requests = 0
  #retries = 0

  /** Throws FairleadError `setting_invalid` for a wrong address or an unreadable certificate. */
  constructor(options: ConsulOptions, limits: ClientLimits = {}) {
    this.#options = options
    this.#headers = headersOf(options)
    this.#mostConnections = limits.mostConnections ?? defaultMostConnections
    this.#answerTimeoutMs = limits.answerTimeoutMs ?? defaultAnswerTimeoutMs
    this.#slots = new Slots(this.#mostConnections)
    const [first = '', ...others] = options.addresses
    const create = (address: string): Endpoint =>
      createEndpoint(address, options, this.#mostConnections, this.#sockets)
    this.#endpoints = [create(first), ...others.map(create)]
    for (const other of this.#endpoints.slice(1)) other.keepIdle(false)
  }

  /** Connections to all addresses: open now, and most at a time. */
  get connections(): { readonly open: number; readonly most: number } {
    return this.#sockets.counts
  }

  /** Requests sent since the start, and how many of them were a request sent once more. */
  get counts(): { readonly requests: number; readonly retries: number } {
    return { requests: this.#requests, retries: this.#retries }
  }

  /** The address that is asked now, for people. */
  get address(): string {
    return this.#current.name
  }

  async get<T>(path: string, options: RequestOptions = {}): Promise<Answer<T>> {
    return this.#ask({ method: 'GET', path, body: undefined, options }, answerOf<T>)
  }

  async put<T>(path: string, body?: unknown, options: RequestOptions = {}): Promise<T> {
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
    return this.#ask({ method: 'PUT', path, body: text, options }, (reply) => jsonOf(reply) as T)
  }

  async delete<T>(path: string, options: RequestOptions = {}): Promise<T> {
    return this.#ask(
      { method: 'DELETE', path, body: undefined, options },
      (reply) => jsonOf(reply) as T,
    )
  }

  /** Ends what is under way; later requests fail. */
  close(): void {
    this.#isClosed = true
    for (const endpoint of this.#endpoints) endpoint.close()
  }

  get #current(): Endpoint {
    return this.#endpoints[this.#currentIndex] ?? this.#endpoints[0]
  }

  async #ask<T>(call: Call, read: (reply: Reply) => T): Promise<T> {
    if (!isCleanPath(call.path)) throw unaskable(call)
    let told: ConsulError | undefined
    for (let triesLeft = this.#endpoints.length; ;) {
      const outcome = await this.#try(call, read)
      if ('value' in outcome) return outcome.value
      const { error, endpoint } = outcome
      // Without an endpoint it was never sent: no address is to blame.
      if (error.code === 'consul_refused' || endpoint === undefined) throw error
      if (call.options.signal?.aborted) throw error
      this.#leave(endpoint)
      // What an agent said tells more than that another one is not there.
      if (told === undefined || isUnsent(told)) told = error
      triesLeft--
      if (triesLeft === 0 || (call.method !== 'GET' && !isUnsent(error))) throw told
      this.#retries++
    }
  }

  /** The next address is asked from now on, unless another request has seen to that already. */
  #leave(endpoint: Endpoint): void {
    if (endpoint !== this.#current || this.#endpoints.length === 1) return
    endpoint.keepIdle(false)
    this.#currentIndex = (this.#currentIndex + 1) % this.#endpoints.length
    this.#current.keepIdle(true)
  }

  /**
   * Its connections are of no use: what hangs on them, as blocking queries do for minutes, should
   * know soon. A way that works again is found by new connections sooner than by the old ones. With
   * a single address a short limit proves nothing, and there is nothing better to go to.
   */
  #abandon(endpoint: Endpoint, timeoutMs: number): void {
    if (this.#endpoints.length === 1 && timeoutMs < this.#answerTimeoutMs) return
    this.#leave(endpoint)
    endpoint.hangUp(new Error('no answer to another request, so this one was given up'))
  }

  /** Everything within the time limit, waiting for a connection included. */
  async #try<T>(call: Call, read: (reply: Reply) => T): Promise<Outcome<T>> {
    const { signal, timeoutMs = this.#answerTimeoutMs } = call.options
    const limit = new TimeLimit(timeoutMs, signal)
    let release: (() => void) | undefined
    let endpoint: Endpoint | undefined
    try {
      release = await this.#slots.take(limit.signal)
      // Not before: only the current address keeps connections, so that all together are not more
      // than there are slots.
      endpoint = this.#current
      return { value: read(await this.#exchange(endpoint, call, limit.signal)) }
    } catch (error) {
      const hasTimedOut = limit.signal.aborted && !limit.isGivenUp
      if (hasTimedOut && endpoint !== undefined) this.#abandon(endpoint, timeoutMs)
      return { endpoint, error: this.#errorOf(error, call, limit, endpoint) }
    } finally {
      limit.end()
      release?.()
    }
  }

  /** A kept connection may have been closed by the agent in the meantime: then once again. */
  async #exchange(endpoint: Endpoint, call: Call, signal: AbortSignal): Promise<Reply> {
    try {
      return await this.#exchangeOnce(endpoint, call, signal)
    } catch (error) {
      if (!(error instanceof StaleConnection)) throw error
      // PUT and DELETE too: at the same agent they may be done twice (RFC 9110, 9.2.2).
      endpoint.dropIdle()
      this.#retries++
      return await this.#exchangeOnce(endpoint, call, signal)
    }
  }

  async #exchangeOnce(endpoint: Endpoint, call: Call, signal: AbortSignal): Promise<Reply> {
    if (this.#isClosed) throw new Error('the client was closed')
    this.#requests++
    const path = call.path + this.#query(call.options.query)
    const length = call.body === undefined ? 0 : Buffer.byteLength(call.body)
    const headers =
      call.method === 'GET' ? this.#headers : { ...this.#headers, 'Content-Length': length }
    const request = endpoint.request(call.method, path, headers)
    try {
      const reply = await exchange(request, call.body, signal)
      if (isAnswer(reply, call.method)) return reply
      throw refusalOf(reply.status, reply.text, { at: endpoint.name, ...call })
    } finally {
      if (endpoint !== this.#current && request.socket !== null) this.#sockets.drop(request.socket)
    }
  }

  #query(query: RequestOptions['query'] = {}): string {
    const all: NonNullable<RequestOptions['query']> = { dc: this.#options.datacenter, ...query }
    const pairs = Object.entries(all).flatMap(([name, value]) => {
      if (value === undefined) return []
      const key = encodeURIComponent(name)
      return [value === true ? key : `${key}=${encodeURIComponent(value)}`]
    })
    return pairs.length === 0 ? '' : `?${pairs.join('&')}`
  }

  #errorOf(error: unknown, call: Call, limit: TimeLimit, endpoint?: Endpoint): ConsulError {
    const asked = { at: (endpoint ?? this.#current).name, ...call }
    if (!limit.signal.aborted) return toConsulError(error, asked)
    if (limit.isGivenUp) return toConsulError(new Error('given up', { cause: error }), asked)
    const within = `within ${limit.timeoutMs} ms`
    const what =
      endpoint === undefined
        ? `no connection was free ${within}, all ${this.#mostConnections} are in use`
        : `no answer ${within}`
    const hint = 'is the agent, or the way to it, overloaded or gone?'
    const message = `Consul at ${asked.at}: ${what} (${call.method} ${call.path})`
    return new ConsulError('consul_unreachable', message, endpoint === undefined ? {} : { hint })
  }
}

/** Also a 404 that has an index: that there is no such key is an answer, and one can wait for it. */
function isAnswer({ status, headers }: Reply, method: Method): boolean {
  if (status >= 200 && status < 300) return true
  return method === 'GET' && status === 404 && headers['x-consul-index'] !== undefined
}

function headersOf({ token, auth }: ConsulOptions): OutgoingHttpHeaders {
  return {
    Accept: 'application/json',
    ...(token === undefined ? {} : { 'X-Consul-Token': token }),
    ...(auth === undefined
      ? {}
      : { Authorization: `Basic ${Buffer.from(auth).toString('base64')}` }),
  }
}
