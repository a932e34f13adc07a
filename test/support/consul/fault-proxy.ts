import { Agent, createServer, request } from 'node:http'
import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { answerWith, isAnswerFault, whole, type Fault, type ProxiedRequest } from './faults.ts'
import { freePorts } from '../ports.ts'

/** What a rule is for: a part of the path and query, or a predicate. */
export type Which = string | ((request: ProxiedRequest) => boolean)

/** Told of each request as it comes; what it returns is called when that is answered or given up. */
export type Observer = (request: ProxiedRequest) => () => void

type Rule = { readonly which: Which; readonly fault: Fault; leftTimes: number }

/**
 * An HTTP proxy before one agent. It passes requests on as they are, blocking queries too, over
 * connections that stay open; counts them; and does to some of them what it is told. A request
 * whose client goes away ends at the agent as well. A connection that the agent resets or refuses
 * is reset to the client.
 */
export class FaultProxy {
  /** `127.0.0.1:PORT`; the same as long as it lives. */
  readonly address: string
  readonly url: string
  readonly #port: number
  readonly #target:
    | { readonly host: string; readonly port: string }
    | { readonly socketPath: string }
  readonly #agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY })
  readonly #sockets = new Set<Socket>()
  readonly #requests: ProxiedRequest[] = []
  readonly #observers = new Set<Observer>()
  #rules: readonly Rule[] = []
  #server: Server | undefined
  #inFlight = 0
  #maxInFlight = 0
  #maxConnections = 0
  #connectionsMade = 0

  private constructor(target: string, port: number) {
    const { protocol, hostname, port: targetPort, pathname } = new URL(target)
    if (!['http:', 'unix:'].includes(protocol)) throw new Error(`cannot proxy ${protocol}`)
    this.#target =
      protocol === 'unix:' ? { socketPath: pathname } : { host: hostname, port: targetPort }
    this.#port = port
    this.address = `127.0.0.1:${port}`
    this.url = `http://${this.address}`
  }

  /** `target`: `http://HOST:PORT` or `unix:///PATH`. */
  static async start(target: string): Promise<FaultProxy> {
    const [port = 0] = await freePorts(1)
    const proxy = new FaultProxy(target, port)
    await proxy.accept()
    return proxy
  }

  /** All requests that came, in order. */
  get requests(): readonly ProxiedRequest[] {
    return this.#requests
  }

  /** How many requests came, by `METHOD PATH` without the query. */
  counts(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>()
    for (const { method, path } of this.#requests) {
      const key = `${method} ${path.split('?')[0]}`
      counts.set(key, (counts.get(key) ?? 0) + 1)
    }
    return counts
  }

  count(which: Which): number {
    return this.#requests.filter((request) => matches(which, request)).length
  }

  /** Connections of clients: open now, most at a time, and ever made. */
  get connections(): { readonly open: number; readonly most: number; readonly made: number } {
    return {
      open: this.#sockets.size,
      most: this.#maxConnections,
      made: this.#connectionsMade,
    }
  }

  /** Requests under way: now, and most at a time. */
  get inFlight(): { readonly now: number; readonly most: number } {
    return { now: this.#inFlight, most: this.#maxInFlight }
  }

  /** Forgets what was counted; what is open or under way now still counts. */
  forget(): void {
    this.#requests.length = 0
    this.#maxConnections = this.#sockets.size
    this.#maxInFlight = this.#inFlight
    this.#connectionsMade = 0
  }

  /** From now on; the returned function ends it. */
  observe(observer: Observer): () => void {
    this.#observers.add(observer)
    return () => void this.#observers.delete(observer)
  }

  /**
   * From now on, or for so many times, does this to the requests; of several rules for a request
   * the newest counts. The returned function ends it.
   */
  inject(which: Which, fault: Fault, times = Number.POSITIVE_INFINITY): () => void {
    const rule: Rule = { which, fault, leftTimes: times }
    this.#rules = [rule, ...this.#rules]
    return () => {
      this.#rules = this.#rules.filter((each) => each !== rule)
    }
  }

  /** Ends all faults; requests that they hold already stay so. */
  heal(): void {
    this.#rules = []
  }

  /** Resets all connections of clients. */
  disconnect(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  /** Resets all connections and refuses new ones until `accept`. */
  async refuse(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    const closed = new Promise<void>((resolve) => {
      if (server === undefined) resolve()
      else server.close(() => resolve())
    })
    this.disconnect()
    await closed
  }

  async accept(): Promise<void> {
    if (this.#server !== undefined) return
    const server = createServer(
      { keepAliveTimeout: 0, requestTimeout: 0 },
      (incoming, response) => {
        void this.#handle(incoming, response)
      },
    )
    server.on('connection', (socket) => this.#track(socket))
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(this.#port, '127.0.0.1', resolve)
    })
    this.#server = server
  }

  async close(): Promise<void> {
    await this.refuse()
    this.#agent.destroy()
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket)
    this.#connectionsMade++
    this.#maxConnections = Math.max(this.#maxConnections, this.#sockets.size)
    socket.once('close', () => this.#sockets.delete(socket))
  }

  async #handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url: path = '', headers } = incoming
    const asked = { method, path, headers }
    this.#requests.push(asked)
    this.#inFlight++
    this.#maxInFlight = Math.max(this.#maxInFlight, this.#inFlight)
    const ends = [...this.#observers].map((observer) => observer(asked))
    response.once('close', () => {
      this.#inFlight--
      for (const tell of ends) tell()
    })
    const fault = this.#faultFor(asked)
    if (fault?.kind === 'delay') await sleep(fault.delayMs, undefined, { ref: false })
    if (fault?.kind === 'hold') await fault.until
    if (response.destroyed) return
    if (fault?.kind === 'reset') incoming.socket.resetAndDestroy()
    else if (fault?.kind === 'blackhole') incoming.resume()
    else if (fault?.kind === 'status') {
      incoming.resume()
      response.writeHead(fault.status, fault.headers).end(fault.body ?? '')
    } else this.#pass(incoming, response, fault)
  }

  #faultFor(asked: ProxiedRequest): Fault | undefined {
    const rule = this.#rules.find(({ which, leftTimes }) => leftTimes > 0 && matches(which, asked))
    if (rule !== undefined) rule.leftTimes--
    return rule?.fault
  }

  #pass(incoming: IncomingMessage, response: ServerResponse, fault: Fault | undefined): void {
    const { method = '', url: path = '' } = incoming
    const headers = endToEnd(incoming.headers)
    const sent = request({ ...this.#target, agent: this.#agent, method, path, headers })
    const reset = (): void => {
      response.socket?.resetAndDestroy()
    }
    sent.on('error', reset)
    response.once('close', () => {
      if (!response.writableFinished) sent.destroy()
    })
    sent.once('response', (answer) => {
      if (isAnswerFault(fault)) {
        whole(answer).then((read) => answerWith(fault, read, response), reset)
        return
      }
      response.writeHead(answer.statusCode ?? 0, endToEnd(answer.headers))
      // Headers at once, as the agent sends them.
      response.flushHeaders()
      answer.once('error', reset)
      answer.pipe(response)
    })
    incoming.pipe(sent)
  }
}

// What both connections agree on by themselves (RFC 9110, 7.6.1).
function endToEnd(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const { connection: _, 'keep-alive': __, ...others } = headers
  return others
}

/** A proxy before an agent: `http://HOST:PORT` or `unix:///PATH`. */
export const startFaultProxy = (target: string): Promise<FaultProxy> => FaultProxy.start(target)

function matches(which: Which, request: ProxiedRequest): boolean {
  return typeof which === 'string' ? request.path.includes(which) : which(request)
}
