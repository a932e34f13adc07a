import type { Context } from 'hono'
import { parseGoDuration } from '../../support/go-duration.ts'
import type { Blocking } from '../blocking.ts'
import type { ConsulApi } from '../consul-api.ts'
import { ConsulApiError } from '../errors.ts'
import type { View } from '../views.ts'
import { datacenter } from '../wire.ts'

/** What the listener gives along with a request. */
export type ConsulEnv = {
  Bindings: {
    /** Takes the limit of silence off the connection, until what it returns is called. */
    readonly hold?: (() => () => void) | undefined
  }
}

/** Consul's bounds of a blocking query (manual: HTTP API, Blocking Queries). */
const defaultWaitMs = 5 * 60_000
const mostWaitMs = 10 * 60_000

/** What follows a prefix in the path, decoded; it may have slashes, encoded or not. */
export function restOfPath(c: Context<ConsulEnv>, prefix: string): string {
  const path = new URL(c.req.url).pathname.slice(prefix.length)
  try {
    return decodeURIComponent(path)
  } catch {
    throw new ConsulApiError(400, `invalid URL escape in ${JSON.stringify(path)}`)
  }
}

/** As `restOfPath`, where Consul refuses an empty one. */
export function requiredRest(c: Context<ConsulEnv>, prefix: string, missing: string): string {
  const rest = restOfPath(c, prefix)
  if (rest === '') throw new ConsulApiError(400, missing)
  return rest
}

/** Go's strconv.ParseBool, which Consul reads `enable` with. */
export function readEnable(text: string | undefined): boolean {
  if (text === undefined || text === '') throw new ConsulApiError(400, 'Missing value for enable')
  if (/^(1|t|T|true|TRUE|True)$/.test(text)) return true
  if (/^(0|f|F|false|FALSE|False)$/.test(text)) return false
  throw new ConsulApiError(400, `Invalid value for enable: ${JSON.stringify(text)}`)
}

/** A whole number of the query as Go's strconv.ParseUint reads it. */
export function readUnsigned(text: string): number {
  const fault = (what: string): ConsulApiError =>
    new ConsulApiError(500, `strconv.ParseUint: parsing ${JSON.stringify(text)}: ${what}`)
  if (!/^\d+$/.test(text)) throw fault('invalid syntax')
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw fault('value out of range')
  return value
}

/** There is one datacenter, and it is asked by its name or by none. */
export function checkDatacenter(c: Context<ConsulEnv>): void {
  const asked = c.req.query('dc')
  if (asked !== undefined && asked !== '' && asked !== datacenter) {
    throw new ConsulApiError(500, 'No path to datacenter')
  }
}

/** An expression that was passed over would give answers to another question. */
export function refuseFilter(c: Context<ConsulEnv>): void {
  if ((c.req.query('filter') ?? '') === '') return
  throw new ConsulApiError(400, 'filter expressions are not supported by this registry')
}

/** Answers a view, when the query has an index only once it has passed that. */
export async function answerView(
  c: Context<ConsulEnv>,
  api: ConsulApi,
  view: View,
): Promise<Response> {
  const blocking = readBlocking(c)
  checkDatacenter(c)
  const isStale = c.req.query('stale') !== undefined
  if (isStale && c.req.query('consistent') !== undefined) {
    const what = 'Cannot specify ?stale with ?consistent, conflicting semantics.'
    throw new ConsulApiError(400, what)
  }
  const release = blocking.index > 0 ? c.env?.hold?.() : undefined
  try {
    const { index, json } = await api.answers.answer(view, blocking, c.req.raw.signal)
    c.header('X-Consul-Index', String(index))
    c.header('X-Consul-Knownleader', 'true')
    c.header('X-Consul-Lastcontact', '0')
    c.header('X-Consul-Effective-Consistency', isStale ? 'stale' : 'leader')
    if (json === undefined) return c.body(null, 404)
    return answerJson(c, json)
  } finally {
    release?.()
  }
}

/** JSON text as it is, or indented with `?pretty`. */
export function answerJson(c: Context<ConsulEnv>, json: string): Response {
  c.header('Content-Type', 'application/json')
  if (c.req.query('pretty') === undefined) return c.body(json)
  return c.body(`${JSON.stringify(JSON.parse(json), undefined, 4)}\n`)
}

function readBlocking(c: Context<ConsulEnv>): Blocking {
  const wait = c.req.query('wait') ?? ''
  const waitMs = wait === '' ? 0 : parseGoDuration(wait)
  if (waitMs === undefined) throw new ConsulApiError(400, 'Invalid wait time')
  const text = c.req.query('index') ?? ''
  if (!/^\d*$/.test(text)) throw new ConsulApiError(400, 'Invalid index')
  return {
    index: Number(text),
    waitMs: waitMs <= 0 ? defaultWaitMs : Math.min(waitMs, mostWaitMs),
  }
}
