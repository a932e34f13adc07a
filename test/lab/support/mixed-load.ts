import { request } from 'node:http'

export type MixedReport = {
  readonly sent: number
  /** What went wrong, one line each. */
  readonly failures: readonly string[]
}

type MixedLoadOptions = {
  readonly address: string
  readonly port: number
  /** Host header. */
  readonly host: string
  readonly perSecond: number
}

/**
 * Constant load of GETs and POSTs in turn, each with a connection of its own, sent by the clock and
 * not by the answers. A failure is any end but a 200 within ten seconds; nothing is tried again.
 */
export class MixedLoad {
  readonly #options: MixedLoadOptions
  readonly #failures: string[] = []
  readonly #pending = new Set<Promise<void>>()
  readonly #timer: NodeJS.Timeout
  readonly #startedAt = performance.now()
  #sent = 0
  #answered = 0

  constructor(options: MixedLoadOptions) {
    this.#options = options
    this.#timer = setInterval(() => this.#sendDue(), 5)
  }

  /** Requests that were answered rightly so far. */
  get answered(): number {
    return this.#answered
  }

  /** Ends the load and waits for the answers under way. */
  async stop(): Promise<MixedReport> {
    clearInterval(this.#timer)
    await Promise.all(this.#pending)
    return { sent: this.#sent, failures: this.#failures }
  }

  #sendDue(): void {
    const due = ((performance.now() - this.#startedAt) / 1000) * this.#options.perSecond
    while (this.#sent < due) {
      this.#sent += 1
      const method = this.#sent % 2 === 0 ? 'GET' : 'POST'
      const pending = this.#one(method).finally(() => this.#pending.delete(pending))
      this.#pending.add(pending)
    }
  }

  async #one(method: 'GET' | 'POST'): Promise<void> {
    const sentAtMs = Math.round(performance.now() - this.#startedAt)
    try {
      const { status } = await ask({ ...this.#options, method })
      if (status !== 200) throw new Error(`status ${status}`)
      this.#answered += 1
    } catch (error) {
      this.#failures.push(`${method} at ${sentAtMs} ms: ${String(error)}`)
    }
  }
}

/** One request on a connection of its own. */
export function ask(options: {
  readonly address: string
  readonly port: number
  readonly host: string
  readonly path?: string
  readonly method?: 'GET' | 'POST'
  /** Of silence, then it fails; 10 s without. */
  readonly timeoutMs?: number
}): Promise<{ readonly status: number; readonly body: string }> {
  const { address, port, host, path = '/', method = 'GET', timeoutMs = 10_000 } = options
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { host: address, port, path, method, headers: { host }, timeout: timeoutMs, agent: false },
      (answer) => {
        let body = ''
        answer.setEncoding('utf8').on('data', (text: string) => (body += text))
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body }))
        answer.on('error', reject)
      },
    )
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer for ${timeoutMs} ms`)))
    outgoing.on('error', reject)
    outgoing.end(method === 'POST' ? 'a=1' : undefined)
  })
}
