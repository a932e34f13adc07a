import { hostNameOf } from './host-name.ts'

/** What a label's text stands for, or why it stands for nothing. */
export type Reading<T> = { readonly value: T } | { readonly reason: string }

const mostHosts = 100
const longestPath = 1024
const dayMs = 86_400_000

/** The load balancing methods under which servers can be added at runtime (management.txt, `add server`). */
export const balances = ['roundrobin', 'leastconn', 'random', 'first', 'source'] as const
export type Balance = (typeof balances)[number]

export function readFlag(text: string): Reading<boolean> {
  const word = text.trim().toLowerCase()
  if (['true', 'yes', 'on', '1'].includes(word)) return { value: true }
  if (['false', 'no', 'off', '0'].includes(word)) return { value: false }
  return { reason: 'is not true or false' }
}

export function readInteger(least: number, most: number): (text: string) => Reading<number> {
  return (text) => {
    const value = /^\d{1,9}$/.test(text.trim()) ? Number(text.trim()) : -1
    if (value >= least && value <= most) return { value }
    return { reason: `is not a whole number from ${least} to ${most}` }
  }
}

/** Milliseconds from `500ms`, `30s`, `2m`; at most a day. */
export function readDuration(text: string): Reading<number> {
  const [, count, unit = ''] = /^(\d{1,8})(ms|s|m|h)$/.exec(text.trim()) ?? []
  const factor = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[unit]
  const value = Number(count) * (factor ?? 0)
  if (factor === undefined) return { reason: 'is not a duration such as 500ms, 30s or 2m' }
  return value <= dayMs ? { value } : { reason: 'is longer than a day' }
}

/**
 * The path of a health check. Only the characters that RFC 3986 §3.3 and §3.4 allow in a path and
 * query: what is not a URI would make a request that no server understands.
 */
export function readPath(text: string): Reading<string> {
  const path = text.trim()
  if (!path.startsWith('/')) return { reason: 'is not a path that begins with /' }
  if (path.length > longestPath) return { reason: `has more than ${longestPath} characters` }
  if (/^[A-Za-z0-9\-._~!$&'()*+,;=:@%/?]+$/.test(path)) return { value: path }
  return { reason: 'has characters that a path cannot have; write them as %XX' }
}

export function readBalance(text: string): Reading<Balance> {
  const value = balances.find((each) => each === text.trim().toLowerCase())
  return value === undefined ? { reason: `is not one of ${balances.join(', ')}` } : { value }
}

/** How clients keep to one server. */
const stickiness = ['none', 'cookie'] as const

export function readSticky(text: string): Reading<(typeof stickiness)[number]> {
  const value = stickiness.find((each) => each === text.trim().toLowerCase())
  return value === undefined ? { reason: `is not one of ${stickiness.join(', ')}` } : { value }
}

/** The name of a cookie: of what RFC 6265 §4.1.1 allows, only what needs no quoting anywhere. */
export function readCookieName(text: string): Reading<string> {
  const name = text.trim()
  if (/^[A-Za-z0-9_.-]{1,64}$/.test(name)) return { value: name }
  return { reason: 'is not the name of a cookie: up to 64 letters, digits, _ . and -' }
}

/**
 * A comma list of host names: the good ones, in order and once each, and one complaint for each bad
 * one, so that a typing mistake in one name does not take the others away.
 */
export function readHosts(text: string): {
  hosts: readonly string[]
  complaints: readonly string[]
} {
  const hosts = new Set<string>()
  const complaints: string[] = []
  const parts = text.split(',', mostHosts + 1)
  if (parts.length > mostHosts) complaints.push(`only the first ${mostHosts} names are taken`)
  for (const part of parts.slice(0, mostHosts)) {
    const reading = hostNameOf(part)
    if ('name' in reading) hosts.add(reading.name)
    else complaints.push(`${shown(part.trim())} is not a host name: ${reading.reason}`)
  }
  return { hosts: [...hosts], complaints }
}

/** A name as it is shown: as it is, but for one that would break a line or is very long. */
export function shownName(name: string): string {
  return /^[\w.:/*-]{1,100}$/.test(name) ? name : shown(name)
}

/** A value as it is shown in a message: quoted, without control characters, cut when it is long. */
export function shown(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)
}
