import { request } from 'node:http'
import type { IncomingMessage, RequestOptions } from 'node:http'
import type {
  ChangeReport,
  ClusterReport,
  DiffReport,
  Explanation,
  GenerationReport,
  PinReport,
  StatusReport,
} from '../api/contract.ts'
import { errorCodes, FairleadError, messageOf } from '../model/errors.ts'
import type { ErrorCode } from '../model/errors.ts'

/** The daemon does not answer (`daemon_unreachable`), or answers with an error of any code. */
export class ClientError extends FairleadError {}

/** Where a daemon is asked. */
export type DaemonAddress =
  | { readonly kind: 'socket'; readonly path: string }
  | { readonly kind: 'url'; readonly url: URL; readonly token: string | undefined }

export type Word = {
  readonly state?: 'drain' | 'maint' | 'ready'
  readonly weight?: number | null
}

const answerTimeoutMs = 10_000

/** The admin API as the commands use it. Every method throws ClientError. */
export class DaemonClient {
  readonly #address: DaemonAddress

  constructor(address: DaemonAddress) {
    this.#address = address
  }

  status(): Promise<StatusReport> {
    return this.#json('GET', '/api/status') as Promise<StatusReport>
  }

  cluster(): Promise<ClusterReport> {
    return this.#json('GET', '/api/cluster') as Promise<ClusterReport>
  }

  explain(subject: string): Promise<Explanation> {
    const path = `/api/explain?subject=${encodeURIComponent(subject)}`
    return this.#json('GET', path) as Promise<Explanation>
  }

  async setWord(endpoint: string, word: Word): Promise<void> {
    await this.#json('POST', `/api/words/${encodeURIComponent(endpoint)}`, word)
  }

  /** Lets held-back removals happen; gives the ids of the endpoints that went. */
  async confirm(service: string | undefined): Promise<readonly string[]> {
    const answer = (await this.#json('POST', '/api/confirm', { service })) as {
      readonly endpoints: readonly string[]
    }
    return answer.endpoints
  }

  history(most: number): Promise<readonly ChangeReport[]> {
    return this.#json('GET', `/api/history?most=${most}`) as Promise<readonly ChangeReport[]>
  }

  generation(number: number): Promise<GenerationReport> {
    return this.#json('GET', `/api/history/${number}`) as Promise<GenerationReport>
  }

  diff(from: number, to: number | undefined, isText: boolean): Promise<DiffReport> {
    const query = `from=${from}${to === undefined ? '' : `&to=${to}`}${isText ? '&text=1' : ''}`
    return this.#json('GET', `/api/diff?${query}`) as Promise<DiffReport>
  }

  rollback(generation: number): Promise<PinReport> {
    return this.#json('POST', '/api/rollback', { generation }) as Promise<PinReport>
  }

  unpin(): Promise<PinReport> {
    return this.#json('POST', '/api/unpin', {}) as Promise<PinReport>
  }

  /** Begins the end of the daemon and its HAProxy. */
  async down(): Promise<void> {
    await this.#json('POST', '/api/down', {})
  }

  /** Whether something answers, whatever it says. */
  async isAlive(): Promise<boolean> {
    try {
      const answer = await this.#send('GET', '/healthz', undefined)
      answer.resume()
      return true
    } catch (error) {
      if (error instanceof ClientError && error.code === 'daemon_unreachable') return false
      throw error
    }
  }

  /** The ledger's changes as they happen, recent ones first; ends with the connection or the signal. */
  async *changes(signal: AbortSignal): AsyncGenerator<ChangeReport, void, undefined> {
    const answer = await this.#send('GET', '/api/events', undefined, signal)
    if (answer.statusCode !== 200) throw failure(answer.statusCode ?? 0, await textOf(answer))
    let rest = ''
    try {
      for await (const chunk of answer.setEncoding('utf8')) {
        const events = (rest + (chunk as string)).split(/\r?\n\r?\n/)
        rest = events.pop() ?? ''
        for (const event of events) {
          const change = changeOf(event)
          if (change !== undefined) yield change
        }
      }
    } catch (error) {
      if (!signal.aborted) throw this.#unreachable(error)
    } finally {
      answer.destroy()
    }
  }

  async #json(method: string, path: string, body?: unknown): Promise<unknown> {
    const answer = await this.#send(method, path, body)
    const text = await textOf(answer)
    const status = answer.statusCode ?? 0
    if (status < 200 || status > 299) throw failure(status, text)
    if (text.trim() === '') return undefined
    try {
      return JSON.parse(text) as unknown
    } catch (error) {
      const message = `the answer to ${method} ${path} is not JSON; is this a fairlead daemon?`
      throw new ClientError('daemon_unreachable', message, { cause: error })
    }
  }

  #send(
    method: string,
    path: string,
    body: unknown,
    signal?: AbortSignal,
  ): Promise<IncomingMessage> {
    const content = body === undefined ? undefined : JSON.stringify(body)
    const options = this.#options(method, path, content, signal)
    return new Promise((resolve, reject) => {
      const outgoing = request(options, resolve)
      outgoing.on('error', (error) => reject(this.#unreachable(error)))
      // A stream of events is quiet when nothing changes; everything else answers at once.
      if (signal === undefined) {
        outgoing.setTimeout(answerTimeoutMs, () => {
          outgoing.destroy(new Error(`no answer within ${answerTimeoutMs / 1000} s`))
        })
      }
      outgoing.end(content)
    })
  }

  #options(
    method: string,
    path: string,
    content: string | undefined,
    signal: AbortSignal | undefined,
  ): RequestOptions {
    const address = this.#address
    const headers: Record<string, string> = { Accept: '*/*' }
    if (content !== undefined) {
      headers['Content-Type'] = 'application/json'
      headers['Content-Length'] = String(Buffer.byteLength(content))
    }
    const common = {
      method,
      path,
      headers,
      agent: false,
      ...(signal === undefined ? {} : { signal }),
    }
    if (address.kind === 'socket') {
      headers['Host'] = 'localhost'
      return { ...common, socketPath: address.path }
    }
    if (address.token !== undefined) headers['Authorization'] = `Bearer ${address.token}`
    const { hostname, port } = address.url
    return { ...common, host: hostname.replace(/^\[(.*)\]$/, '$1'), port: port || 80 }
  }

  #unreachable(error: unknown): ClientError {
    const address = this.#address
    const place = address.kind === 'socket' ? address.path : address.url.origin
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'EACCES' || code === 'EPERM') {
      const hint = 'ask as the user who started it, or with sudo'
      const message = `${place} belongs to another user`
      return new ClientError('daemon_unreachable', message, { hint, cause: error })
    }
    const isAbsent = code === 'ENOENT' || code === 'ECONNREFUSED'
    const why = isAbsent ? '' : `: ${messageOf(error)}`
    return new ClientError('daemon_unreachable', `no daemon answers at ${place}${why}`, {
      hint: 'start one with `fairlead up`, or name another with --name, --socket or --admin',
      cause: error,
    })
  }
}

async function textOf(answer: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of answer.setEncoding('utf8')) text += chunk as string
  return text
}

/** The error that the daemon sent, `{error: {code, message, hint}}`, as it threw it. */
function failure(status: number, text: string): ClientError {
  const { code, message, hint } = errorFields(text)
  if (message === undefined) {
    return new ClientError('internal', `the daemon answered ${status}: ${text.slice(0, 200)}`)
  }
  const isKnown = code !== undefined && Object.hasOwn(errorCodes, code)
  return new ClientError(isKnown ? (code as ErrorCode) : 'internal', message, { hint: hint ?? '' })
}

function errorFields(text: string): { code?: string; message?: string; hint?: string } {
  try {
    const body = JSON.parse(text) as { error?: { code?: string; message?: string; hint?: string } }
    return body?.error ?? {}
  } catch {
    // Not from a fairlead daemon (a proxy's page, say): shown as it came.
    return {}
  }
}

function changeOf(event: string): ChangeReport | undefined {
  const lines = event.split(/\r?\n/)
  const name = lines
    .find((line) => line.startsWith('event:'))
    ?.slice(6)
    .trim()
  const content = lines.flatMap((line) => (line.startsWith('data:') ? line.slice(5) : []))
  if (name !== 'change' || content.length === 0) return undefined
  return JSON.parse(content.join('\n')) as ChangeReport
}
