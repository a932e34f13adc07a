import { request as requestHttp } from 'node:http'
import type { IncomingMessage, OutgoingHttpHeaders, RequestOptions } from 'node:http'
import { request as requestHttps } from 'node:https'
import { messageOf } from '../model/errors.ts'
import type { CheckKind, CheckResult } from './instance.ts'

type HttpCheck = Extract<CheckKind, { type: 'http' }>

/** So much of an answer's body is shown, as Consul does. */
const mostOutputBytes = 4096
const mostRedirects = 10

/**
 * Asks a URL: 2xx is passing, 429 warning, everything else critical. Redirects are followed, as
 * Consul follows them. Never rejects; when the signal aborts it is a timeout.
 * Source: Consul's manual, Agent, Checks.
 */
export async function checkHttp(check: HttpCheck, signal: AbortSignal): Promise<CheckResult> {
  const { method } = check
  try {
    let target: Target = { url: new URL(check.url), method, body: check.body, isElsewhere: false }
    for (let redirects = 0; redirects <= mostRedirects; redirects++) {
      const response = await ask(check, target, signal)
      const next = redirection(response, target)
      if (next === undefined) return await resultOf(check, response)
      response.destroy()
      target = next
    }
    return critical(check, `stopped after ${mostRedirects} redirects`)
  } catch (error) {
    return critical(check, signal.aborted ? 'no answer in time' : messageOf(error))
  }
}

type Target = {
  readonly url: URL
  readonly method: string
  readonly body: string
  /** A redirect has led to another host than the check's: it must not see what is meant for that. */
  readonly isElsewhere: boolean
}

function ask(check: HttpCheck, target: Target, signal: AbortSignal): Promise<IncomingMessage> {
  const { url, method, body } = target
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new TypeError(`unsupported protocol scheme ${JSON.stringify(url.protocol.slice(0, -1))}`)
  }
  const headers = headersOf(check, target.isElsewhere)
  const options: RequestOptions = { method, headers, agent: false, signal }
  return new Promise((resolve, reject) => {
    const sent =
      url.protocol === 'https:'
        ? requestHttps(url, { ...options, rejectUnauthorized: check.isTlsVerified })
        : requestHttp(url, options)
    sent.once('response', resolve).once('error', reject)
    // Not asked for, and no answer: Node gives the connection up without an error.
    const end = (why: string): void => {
      sent.destroy()
      reject(new Error(why))
    }
    sent.once('upgrade', () => end('the protocol was switched'))
    sent.once('connect', () => end('a tunnel was opened'))
    sent.once('close', () => end('the connection was closed without an answer'))
    sent.end(body === '' ? undefined : body)
  })
}

/** Of the one host that the check names, as Go's HTTP client has it. */
const secretHeaders = new Set(['host', 'authorization', 'www-authenticate', 'cookie', 'cookie2'])

function headersOf({ headers }: HttpCheck, isElsewhere: boolean): OutgoingHttpHeaders {
  const given = new Set(Object.keys(headers).map((name) => name.toLowerCase()))
  const defaults = {
    'User-Agent': ['Consul Health Check'],
    Accept: ['text/plain, text/*, */*'],
  }
  const missing = Object.entries(defaults).filter(([name]) => !given.has(name.toLowerCase()))
  const all = [...missing, ...Object.entries(headers)].flatMap(([name, values]) => {
    if (isElsewhere && secretHeaders.has(name.toLowerCase())) return []
    // Node takes one host only.
    return [[name, name.toLowerCase() === 'host' ? values[0] : [...values]]]
  })
  return Object.fromEntries(all)
}

/** Where an answer leads; undefined when it is the last. */
function redirection(
  { statusCode = 0, headers }: IncomingMessage,
  before: Target,
): Target | undefined {
  if (![301, 302, 303, 307, 308].includes(statusCode) || headers.location === undefined) {
    return undefined
  }
  const url = new URL(headers.location, before.url)
  const isElsewhere = before.isElsewhere || url.host !== before.url.host
  const isKept = statusCode >= 307 || before.method === 'HEAD'
  return isKept ? { ...before, url, isElsewhere } : { url, method: 'GET', body: '', isElsewhere }
}

async function resultOf(check: HttpCheck, response: IncomingMessage): Promise<CheckResult> {
  const { statusCode = 0, statusMessage = '' } = response
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes >= mostOutputBytes) break
  }
  const body = Buffer.concat(chunks).subarray(0, mostOutputBytes).toString()
  const said = `${statusCode} ${statusMessage}`.trim()
  return {
    status: statusOf(statusCode),
    output: `HTTP ${check.method} ${check.url}: ${said} Output: ${body}`,
  }
}

function statusOf(code: number): CheckResult['status'] {
  if (code >= 200 && code <= 299) return 'passing'
  return code === 429 ? 'warning' : 'critical'
}

function critical({ method, url }: HttpCheck, why: string): CheckResult {
  const verb = method.slice(0, 1).toUpperCase() + method.slice(1).toLowerCase()
  return { status: 'critical', output: `${verb} ${JSON.stringify(url)}: ${why}` }
}
