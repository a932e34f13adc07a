import { askConsul, type AskOptions, type ConsulAnswer } from '../consul/consul-api.ts'

/** Something that speaks Consul's HTTP API, with nothing registered yet. */
export type ConsulSubject = {
  readonly url: string
  /** What its own node is called. */
  readonly node: string
  close(): Promise<unknown>
}

export type Asking = {
  readonly node: string
  get<T = unknown>(path: string, options?: AskOptions): Promise<ConsulAnswer<T>>
  put<T = unknown>(path: string, body?: unknown): Promise<ConsulAnswer<T>>
  delete<T = unknown>(path: string): Promise<ConsulAnswer<T>>
  post<T = unknown>(path: string, body?: unknown): Promise<ConsulAnswer<T>>
  register(definition: object, query?: string): Promise<void>
  /** Body and `X-Consul-Index`. */
  read<T = unknown>(path: string): Promise<Indexed<T>>
  /** A blocking query that is under way; `isOver` says whether it was answered. */
  block<T = unknown>(path: string, index: number, wait?: string): Promise<Blocked<T>>
}

export type Indexed<T> = { readonly index: number; readonly body: T }

export type Blocked<T> = {
  isOver(): boolean
  /** Answered: its body and index. Ends the wait when the answer does not come. */
  readonly answer: Promise<Indexed<T>>
}

export function asking({ url, node }: ConsulSubject): Asking {
  const ask = <T>(
    method: string,
    path: string,
    body?: unknown,
    options?: AskOptions,
  ): Promise<ConsulAnswer<T>> => askConsul<T>(url, method, path, body, options)
  const read = async <T>(path: string, options?: AskOptions): Promise<Indexed<T>> => {
    const { headers, body } = await ask<T>('GET', path, undefined, options)
    return { index: Number(headers['x-consul-index']), body }
  }
  const get: Asking['get'] = (path, options) => ask('GET', path, undefined, options)
  return {
    node,
    get,
    put: (path, body) => ask('PUT', path, body),
    delete: (path) => ask('DELETE', path),
    post: (path, body) =>
      ask('POST', path, body, { headers: { 'content-type': 'application/json' } }),
    register: async (definition, query = '') => {
      const { status, body } = await ask('PUT', `/v1/agent/service/register${query}`, definition)
      if (status !== 200) throw new Error(`${status} ${String(body)}`)
    },
    read,
    block: async <T>(path: string, index: number, wait = '30s'): Promise<Blocked<T>> => {
      let isOver = false
      const mark = path.includes('?') ? '&' : '?'
      const answer = read<T>(`${path}${mark}index=${index}&wait=${wait}`, { timeoutMs: 40_000 })
      const note = (): void => {
        isOver = true
      }
      answer.then(note, note)
      // Requests that were sent later have been answered: this one has arrived and waits.
      for (let count = 0; count < 5; count++) await get('/v1/status/leader')
      return { isOver: () => isOver, answer }
    },
  }
}

/** Asks until the answer is as wanted; fails with the last one after half a minute. */
export async function eventually<T>(
  what: string,
  read: () => Promise<T>,
  isWanted: (value: T) => boolean,
): Promise<T> {
  const endMs = Date.now() + 30_000
  for (;;) {
    const value = await read()
    if (isWanted(value)) return value
    if (Date.now() > endMs) throw new Error(`${what}: in vain, last ${JSON.stringify(value)}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** Fields whose values are the implementation's own. */
const ownFields = new Set(['CreateIndex', 'ModifyIndex', 'ContentHash'])

/**
 * An answer without what may differ: indexes, hashes, and of nodes their ids, addresses and Consul's
 * own meta.
 */
export function normalised(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(normalised)
  if (typeof value !== 'object' || value === null) return value
  const isNode = 'Node' in value && 'Datacenter' in value
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, field]): [string, unknown][] => {
      if (ownFields.has(name)) return []
      if (isNode && ['ID', 'Address', 'TaggedAddresses', 'Meta', 'NodeMeta'].includes(name)) {
        return []
      }
      return [[name, normalised(field)]]
    }),
  )
}
