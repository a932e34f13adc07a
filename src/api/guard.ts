import { createHash, timingSafeEqual } from 'node:crypto'
import { BlockList, isIP, isIPv6 } from 'node:net'
import type { Context, MiddlewareHandler } from 'hono'
import type { ApiEnv, Arrival } from './arrival.ts'
import { ApiError } from './failures.ts'

export type GuardOptions = {
  /** `NAME` or `NAME:PORT`: further names under which the API may be asked. */
  readonly adminHosts: readonly string[]
  /** Asked for on listeners that are not loopback; undefined there: every request is refused. */
  readonly token: string | undefined
}

/** Answered without a token: they say yes or no to whoever probes, and change nothing. */
const openPaths = new Set(['/healthz', '/readyz'])

/**
 * Refuses what a web page could make a browser send: a request under a name that is not the API's
 * own (DNS rebinding), from another origin, or a POST that needs no preflight. Then, on a listener
 * that other machines reach, whoever does not bring the token.
 */
export function guard(options: GuardOptions): MiddlewareHandler<ApiEnv> {
  const adminHosts = options.adminHosts.map((host) => host.toLowerCase())
  return async (c, next) => {
    const arrival: Arrival | undefined = c.env?.arrival
    if (arrival === undefined) throw new ApiError('forbidden', 'the request came by no listener')
    checkHost(c, arrival, adminHosts)
    checkOrigin(c, arrival)
    if (needsToken(arrival) && !openPaths.has(c.req.path)) checkToken(c, options.token)
    checkContentType(c)
    await next()
  }
}

function checkHost(c: Context<ApiEnv>, arrival: Arrival, adminHosts: readonly string[]): void {
  if (arrival.kind === 'unix') return
  const host = c.req.header('host') ?? ''
  const authority = parseAuthority('http:', host)
  if (authority !== undefined) {
    const { hostname, port } = authority
    if (adminHosts.includes(hostname) || adminHosts.includes(`${hostname}:${port}`)) return
    if (port === arrival.port && isOwnName(hostname, arrival.address)) return
  }
  throw new ApiError('forbidden', `the admin API is not asked under the name ${show(host)}`, {
    hint: 'use its address, or name this host in the setting admin-host',
  })
}

function isOwnName(hostname: string, localAddress: string): boolean {
  const address = unmapped(localAddress)
  if (hostname === (isIPv6(address) ? `[${address}]` : address)) return true
  return isLoopbackAddress(address) && ['localhost', '127.0.0.1', '[::1]'].includes(hostname)
}

/** A browser sends Origin with everything that another site could profit from. */
function checkOrigin(c: Context<ApiEnv>, arrival: Arrival): void {
  const origin = c.req.header('origin')
  if (origin === undefined) return
  const protocol = /^https?:/.exec(origin)?.[0]
  if (arrival.kind === 'tcp' && protocol !== undefined) {
    const asked = parseAuthority(protocol, c.req.header('host') ?? '')
    const from = parseAuthority(protocol, origin.slice(protocol.length + 2))
    if (asked !== undefined && from?.hostname === asked.hostname && from.port === asked.port) return
  }
  throw new ApiError('forbidden', `requests from the origin ${show(origin)} are refused`, {
    hint: 'the admin API answers only its own pages, and programs that send no Origin',
  })
}

/** Forms and `fetch` without preflight can POST text, but not JSON. PUT always has a preflight. */
function checkContentType(c: Context<ApiEnv>): void {
  if (c.req.method !== 'POST') return
  if (/^application\/json\s*(;|$)/i.test(c.req.header('content-type') ?? '')) return
  throw new ApiError('usage', 'a POST must have Content-Type: application/json', { status: 415 })
}

function needsToken(arrival: Arrival): boolean {
  return arrival.kind === 'tcp' && !arrival.isLoopbackListener
}

function checkToken(c: Context<ApiEnv>, token: string | undefined): void {
  const bearer = /^bearer +(\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1]
  const given = bearer ?? c.req.header('x-consul-token')
  if (token !== undefined && given !== undefined && isSameSecret(given, token)) return
  throw new ApiError('unauthorized', 'the admin API wants a token on this address', {
    hint: 'send it as "Authorization: Bearer TOKEN" or "X-Consul-Token: TOKEN"',
  })
}

/** Takes the same time whatever differs, the length included: what is compared are two hashes. */
export function isSameSecret(a: string, b: string): boolean {
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(hash(a), hash(b))
}

function parseAuthority(
  protocol: string,
  text: string,
): { hostname: string; port: number } | undefined {
  if (!/^(\[[0-9a-f:.]+\]|[^\s:/?#@[\]\\]+)(:\d{1,5})?$/i.test(text)) return undefined
  const url = URL.canParse(`${protocol}//${text}`) ? new URL(`${protocol}//${text}`) : undefined
  if (url === undefined) return undefined
  const port = url.port === '' ? (protocol === 'https:' ? 443 : 80) : Number(url.port)
  return { hostname: url.hostname, port }
}

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/** Whether an IP address is loopback; a name is not, since what it resolves to may change. */
export function isLoopbackAddress(address: string): boolean {
  const plain = unmapped(address)
  if (isIP(plain) === 0) return false
  return loopback.check(plain, isIPv6(plain) ? 'ipv6' : 'ipv4')
}

/** An IPv4 address as a dual-stack socket shows it (`::ffff:10.0.0.1`), in its own form. */
function unmapped(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '')
}

function show(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text)
}
