import { Hono } from 'hono'
import { answerOf, jsonOf } from '../consul/answer.ts'
import type { Answer, Consul, RequestOptions } from '../consul/contract.ts'
import { refusalOf, toConsulError } from '../consul/errors.ts'
import type { Reply } from '../consul/exchange.ts'
import { messageOf } from '../model/errors.ts'
import { ConsulApiError } from './errors.ts'
import type { ConsulEnv } from './routes/request.ts'

/** Stands for the host in URLs and messages; nothing listens there. */
const here = 'fairlead itself'
const origin = 'http://fairlead.invalid'

/**
 * The embedded registry as a Consul for parts of the same process: the same requests and answers as
 * over HTTP, blocking ones included, without a connection. `timeoutMs` is not kept: nothing can go silent.
 */
export class InProcessConsul implements Consul {
  readonly #app = new Hono<ConsulEnv>()
  readonly #closing = new AbortController()

  constructor(routes: Hono<ConsulEnv>) {
    this.#app.onError((error) => {
      const status = error instanceof ConsulApiError ? error.status : 500
      return new Response(messageOf(error), { status })
    })
    this.#app.route('/', routes)
  }

  async get<T>(path: string, options: RequestOptions = {}): Promise<Answer<T>> {
    const reply = await this.#ask('GET', path, undefined, options)
    return answerOf<T>(reply)
  }

  async put<T>(path: string, body?: unknown, options: RequestOptions = {}): Promise<T> {
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
    return jsonOf(await this.#ask('PUT', path, text, options)) as T
  }

  async delete<T>(path: string, options: RequestOptions = {}): Promise<T> {
    return jsonOf(await this.#ask('DELETE', path, undefined, options)) as T
  }

  /** Ends what waits; later requests fail. */
  close(): void {
    this.#closing.abort()
  }

  /** Throws ConsulError, as a client does. */
  async #ask(
    method: string,
    path: string,
    body: string | undefined,
    { query = {}, signal: given }: RequestOptions,
  ): Promise<Reply> {
    const asked = { at: here, method, path }
    const closing = this.#closing.signal
    const signal = given === undefined ? closing : AbortSignal.any([closing, given])
    try {
      signal.throwIfAborted()
      const init = { method, signal, ...(body === undefined ? {} : { body }) }
      const response = await this.#app.request(`${origin}${path}${queryText(query)}`, init)
      signal.throwIfAborted()
      const { status } = response
      const reply = { status, headers: headersOf(response), text: await response.text() }
      const isMissing = method === 'GET' && status === 404 && response.headers.has('x-consul-index')
      if (isMissing || (status >= 200 && status < 300)) return reply
      throw refusalOf(status, reply.text, asked)
    } catch (error) {
      throw toConsulError(error, asked)
    }
  }
}

function queryText(query: NonNullable<RequestOptions['query']>): string {
  const pairs = Object.entries(query).flatMap(([name, value]) => {
    if (value === undefined) return []
    const key = encodeURIComponent(name)
    return [value === true ? key : `${key}=${encodeURIComponent(value)}`]
  })
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`
}

function headersOf(response: Response): Reply['headers'] {
  return Object.fromEntries(response.headers)
}
