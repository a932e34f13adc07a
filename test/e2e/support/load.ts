import { Agent, request } from 'node:http'

export type LoadReport = {
  readonly sent: number
  /** Of these, not answered yet. */
  readonly pending: number
  /** What went wrong, one line each; empty is what every test wants. */
  readonly failures: readonly string[]
  /** How many answers each hostname gave. */
  readonly byHostname: ReadonlyMap<string, number>
}

type LoadOptions = {
  readonly port: number
  /** 127.0.0.1 without. */
  readonly address?: string
  readonly perSecond: number
  /** Host header; the default service without. */
  readonly host?: string
  /** A service whose name each answer must have. */
  readonly service?: string
  /** Reuse client connections; each request gets its own without. */
  readonly isKeptAlive?: boolean
}

/**
 * Constant load, open loop: GETs are sent by the clock, not by the answers, so a stall shows as what
 * it is. A failure is no answer within ten seconds, a status that is not 200, or an answer of
 * another service. Nothing is tried again.
 */
export class Load {
  readonly #options: LoadOptions
  readonly #agent: Agent
  readonly #failures: string[] = []
  readonly #byHostname = new Map<string, number>()
  readonly #pending = new Set<Promise<void>>()
  readonly #timer: NodeJS.Timeout
  readonly #startedAt = performance.now()
  #sent = 0

  constructor(options: LoadOptions) {
    this.#options = options
    this.#agent = new Agent({ keepAlive: options.isKeptAlive === true })
    this.#timer = setInterval(() => this.#sendDue(), 5)
  }

  /** So far; ends nothing. */
  report(): LoadReport {
    const byHostname = new Map(this.#byHostname)
    return { sent: this.#sent, pending: this.#pending.size, failures: this.#failures, byHostname }
  }

  /** Ends the load and waits for the answers under way. */
  async stop(): Promise<LoadReport> {
    clearInterval(this.#timer)
    await Promise.all(this.#pending)
    this.#agent.destroy()
    return this.report()
  }

  #sendDue(): void {
    const due = ((performance.now() - this.#startedAt) / 1000) * this.#options.perSecond
    while (this.#sent < due) {
      this.#sent += 1
      const pending = this.#one(this.#sent).finally(() => this.#pending.delete(pending))
      this.#pending.add(pending)
    }
  }

  async #one(number: number): Promise<void> {
    const { port, address = '127.0.0.1', host, service } = this.#options
    try {
      const path = `/?n=${number}`
      const { status, body } = await get({ port, address, agent: this.#agent, host, path })
      if (status !== 200) throw new Error(`status ${status}: ${body.slice(0, 80)}`)
      const answer = JSON.parse(body) as { hostname: string; service: string }
      if (service !== undefined && answer.service !== service) {
        throw new Error(`answered by service ${answer.service}`)
      }
      this.#byHostname.set(answer.hostname, (this.#byHostname.get(answer.hostname) ?? 0) + 1)
    } catch (error) {
      const atMs = Math.round(performance.now() - this.#startedAt)
      this.#failures.push(`request ${number} at ${atMs} ms: ${String(error)}`)
    }
  }
}

export type Answer = {
  readonly status: number
  readonly body: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

export function get(options: {
  readonly port: number
  /** 127.0.0.1 by default. */
  readonly address?: string
  readonly path?: string
  readonly host?: string | undefined
  readonly method?: string
  readonly agent?: Agent
  readonly headers?: Readonly<Record<string, string>>
}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = {
      ...options.headers,
      ...(options.host === undefined ? {} : { host: options.host }),
    }
    const outgoing = request(
      {
        host: options.address ?? '127.0.0.1',
        port: options.port,
        path: options.path ?? '/',
        method: options.method ?? 'GET',
        headers,
        timeout: 10_000,
        ...(options.agent === undefined ? { agent: false } : { agent: options.agent }),
      },
      (answer) => {
        let body = ''
        answer.setEncoding('utf8')
        answer.on('data', (text: string) => (body += text))
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, body, headers: answer.headers }),
        )
        answer.on('error', reject)
      },
    )
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer for ten seconds')))
    outgoing.on('error', reject)
    outgoing.end()
  })
}
