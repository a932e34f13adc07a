import { Hono } from 'hono'
import type { Context } from 'hono'
import { messageOf } from '../../model/errors.ts'
import type { ConsulApi } from '../consul-api.ts'
import { ConsulApiError } from '../errors.ts'
import { kvKeysView, kvTreeView, kvView } from '../kv-views.ts'
import { answerView, checkDatacenter, readUnsigned, restOfPath, type ConsulEnv } from './request.ts'

const prefix = '/v1/kv/'
/** Consul's own limit of a value (manual: Agent, kv_max_value_size). */
const mostValueBytes = 512 * 1024
/** The whole store is in memory and is written as one file. */
const mostStoreBytes = 32 * 1024 * 1024

/**
 * Consul's key-value store, without sessions and so without locks.
 * Source: https://developer.hashicorp.com/consul/api-docs/kv
 */
export function kvRoutes(api: ConsulApi): Hono<ConsulEnv> {
  const routes = new Hono<ConsulEnv>()
  routes.get('/v1/kv/*', (c) => read(c, api))
  routes.put('/v1/kv/*', (c) => write(c, api))
  routes.delete('/v1/kv/*', (c) => remove(c, api))
  return routes
}

function read(c: Context<ConsulEnv>, api: ConsulApi): Promise<Response> {
  const key = restOfPath(c, prefix)
  const has = (name: string): boolean => c.req.query(name) !== undefined
  if (has('keys')) {
    return answerView(c, api, kvKeysView(api.keys, key, c.req.query('separator') ?? ''))
  }
  if (has('recurse')) return answerView(c, api, kvTreeView(api.keys, key))
  requireKey(key)
  return has('raw') ? readRaw(c, api, key) : answerView(c, api, kvView(api.keys, key))
}

/** The value itself, with the headers of the usual answer. */
async function readRaw(c: Context<ConsulEnv>, api: ConsulApi, key: string): Promise<Response> {
  const answer = await answerView(c, api, kvView(api.keys, key))
  const entry = api.keys.get(key)
  if (answer.status !== 200 || entry === undefined) return answer
  c.header('Content-Type', 'text/plain')
  c.header('X-Content-Type-Options', 'nosniff')
  return c.body(new Uint8Array(entry.value))
}

async function write(c: Context<ConsulEnv>, api: ConsulApi): Promise<Response> {
  checkDatacenter(c)
  const key = restOfPath(c, prefix)
  requireKey(key)
  const flags = optionalUnsigned(c.req.query('flags')) ?? 0
  const ifIndex = optionalUnsigned(c.req.query('cas'))
  refuseSession(c.req.query('acquire'))
  // No session holds anything that could be released.
  if (c.req.query('release') !== undefined) return c.json(false)
  const value = Buffer.from(await c.req.arrayBuffer())
  if (value.length > mostValueBytes) {
    const what = `Request body(${value.length} bytes) too large, max size: ${mostValueBytes} bytes.`
    throw new ConsulApiError(413, what)
  }
  if (api.keys.bytes + value.length + Buffer.byteLength(key) > mostStoreBytes) {
    throw new ConsulApiError(413, `the key-value store is full, max size: ${mostStoreBytes} bytes`)
  }
  const isDone = api.keys.put(key, value, flags, ifIndex)
  if (isDone) await save(api)
  return c.json(isDone)
}

async function remove(c: Context<ConsulEnv>, api: ConsulApi): Promise<Response> {
  checkDatacenter(c)
  const key = restOfPath(c, prefix)
  const cas = c.req.query('cas')
  if (c.req.query('recurse') !== undefined) {
    if (cas !== undefined) {
      throw new ConsulApiError(400, `Conflicting flags: cas=${cas}&recurse=`)
    }
    api.keys.deleteUnder(key)
    await save(api)
    return c.json(true)
  }
  requireKey(key)
  const isDone = api.keys.delete(key, optionalUnsigned(cas))
  if (isDone) await save(api)
  return c.json(isDone)
}

function optionalUnsigned(text: string | undefined): number | undefined {
  return text === undefined ? undefined : readUnsigned(text)
}

function requireKey(key: string): void {
  if (key === '') throw new ConsulApiError(400, 'Missing key name')
}

/** There are no sessions, so that none is a valid one. */
function refuseSession(session: string | undefined): void {
  if (session === undefined) return
  throw new ConsulApiError(500, `invalid session ${JSON.stringify(session)}`)
}

async function save(api: ConsulApi): Promise<void> {
  try {
    await api.saveKeys()
  } catch (error) {
    throw new ConsulApiError(500, messageOf(error))
  }
}
