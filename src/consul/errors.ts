import { FairleadError, messageOf } from '../model/errors.ts'
import { printable } from '../support/printable.ts'

/** Of Consul's own words no more than this stands in a message. */
const mostWordsCharacters = 300

/**
 * Consul did not do what it was asked. `consul_unreachable`: no answer, none that can be used, or
 * one that says "not now"; the same request may succeed later. `consul_refused`: it understood, and
 * will not; the request or the token has to change.
 */
export class ConsulError extends FairleadError {
  /** HTTP status of the answer; undefined when there was none. */
  readonly status: number | undefined

  constructor(
    code: 'consul_unreachable' | 'consul_refused',
    message: string,
    options: { hint?: string; cause?: unknown; status?: number | undefined } = {},
  ) {
    super(code, message, options)
    this.status = options.status
  }
}

/** Which request failed, for messages: the path without its query. */
export type Asked = { readonly at: string; readonly method: string; readonly path: string }

/** What an answer with a status that is no success means. */
export function refusalOf(status: number, text: string, asked: Asked): ConsulError {
  const words = wordsOf(text) || 'no reason given'
  const code = canPass(status, text) ? 'consul_unreachable' : 'consul_refused'
  return new ConsulError(
    code,
    `Consul at ${asked.at}: ${words} (HTTP ${status}, ${asked.method} ${asked.path})`,
    { status, hint: hintForStatus(status, text) },
  )
}

/** For a request that no agent would take as it is meant; it is never sent. */
export function unaskable({ method, path }: Pick<Asked, 'method' | 'path'>): ConsulError {
  return new ConsulError(
    'consul_refused',
    `Consul leads ${method} ${path} to another path, so that it cannot be asked`,
    { hint: 'use names without an empty part, "." and ".." between slashes' },
  )
}

/** Turns what a connection or an answer threw into a ConsulError that says what to do about it. */
export function toConsulError(error: unknown, asked: Asked): ConsulError {
  if (error instanceof ConsulError) return error
  const code = codeOf(error)
  // An AggregateError of several connection attempts has no message of its own.
  const words = messageOf(error) || code || 'no answer'
  return new ConsulError(
    'consul_unreachable',
    `Consul at ${asked.at}: ${wordsOf(words)} (${asked.method} ${asked.path})`,
    { hint: hintForCode(code, asked.at), cause: error },
  )
}

/** Whether the request surely did not get to an agent: there was no connection to send it on. */
export function isUnsent(error: ConsulError): boolean {
  return neverConnected.has(codeOf(error.cause))
}

const neverConnected = new Set([
  'ECONNREFUSED',
  'ENOENT',
  'EACCES',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
])

/**
 * Whether the same request can succeed later. Consul answers 500 for a lost leader as well as for
 * some requests that never can succeed; only its words tell them apart.
 */
function canPass(status: number, text: string): boolean {
  if (status === 429 || status === 408) return true
  if (status < 500) return false
  if (status !== 500 || isPassing.test(text)) return true
  return !isForGood.test(text)
}

const isPassing =
  /rpc error|no cluster leader|leadership|raft|time(d )?out|\bEOF\b|connection|no known consul servers|shut ?down/i
const isForGood =
  /scripts are disabled|invalid|missing|unknown (service|check)|does not have associated|not supported|must be/i

function wordsOf(text: string): string {
  const line = printable(text.replaceAll(/\s+/g, ' ').trim())
  return line.length > mostWordsCharacters ? `${line.slice(0, mostWordsCharacters)}…` : line
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

function hintForStatus(status: number, text: string): string {
  if (status === 401) return 'does the way to Consul want a user? Set CONSUL_HTTP_AUTH'
  if (status === 403)
    return 'set CONSUL_HTTP_TOKEN to a token that Consul knows and that has the right'
  if (status === 429) return "the agent limits requests (limits in Consul's configuration)"
  if (/scripts are disabled/i.test(text))
    return 'start the agent with enable_script_checks, or use another kind of check'
  if (/HTTP request to an HTTPS server/i.test(text))
    return 'this port speaks TLS: use consul-tls://'
  return ''
}

function hintForCode(code: string, at: string): string {
  switch (code) {
    case 'ECONNREFUSED':
      return 'is a Consul agent running, and listening there? Check the address and CONSUL_HTTP_ADDR'
    case 'ENOENT':
      return `is a Consul agent running? ${at} does not exist`
    case 'EACCES':
    case 'EPERM':
      return `this user may not open ${at}`
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'the host name cannot be resolved; check the address'
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return 'the host does not answer; check the address and the firewall'
    case 'EPROTO':
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
      return 'does this port speak TLS? consul:// is without, consul-tls:// with'
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return "the agent's certificate is for another name: set CONSUL_TLS_SERVER_NAME"
    default:
      return hintForCertificate(code)
  }
}

function hintForCertificate(code: string): string {
  if (/ALERT/.test(code))
    return 'does the agent want a certificate? Set CONSUL_CLIENT_CERT and _KEY'
  if (/CERT|SIGNATURE|ISSUER/.test(code))
    return "set CONSUL_CACERT to the file of the authority that signed the agent's certificate"
  return ''
}
