import { createApi, type ApiOptions } from '../../src/api/server.ts'
import type { Arrival } from '../../src/api/arrival.ts'
import { MemoryDaemon } from './memory-daemon.ts'

export const loopbackArrival: Arrival = {
  kind: 'tcp',
  address: '127.0.0.1',
  port: 7400,
  isLoopbackListener: true,
}

export type TestApi = {
  readonly daemon: MemoryDaemon
  readonly defects: unknown[]
  /** Asks the app without a socket; as from a local client unless told otherwise. */
  ask(path: string, init?: RequestInit, arrival?: Arrival | null): Promise<Response>
  post(path: string, body: unknown): Promise<Response>
  put(path: string, body?: unknown): Promise<Response>
  close(): void
}

/** The API over a daemon in memory, without a socket. */
export function createTestApi(options: Partial<ApiOptions> = {}): TestApi {
  const daemon = new MemoryDaemon()
  const defects: unknown[] = []
  const ending = new AbortController()
  const app = createApi(
    {
      control: daemon,
      version: '0.1.0',
      adminHosts: [],
      token: undefined,
      onDefect: (error) => defects.push(error),
      ...options,
    },
    ending.signal,
  )
  const ask: TestApi['ask'] = async (path, init = {}, arrival = loopbackArrival) => {
    const headers = new Headers(init.headers)
    if (!headers.has('host')) headers.set('host', '127.0.0.1:7400')
    const request = new Request(`http://127.0.0.1:7400${path}`, { ...init, headers })
    return await app.fetch(request, arrival === null ? undefined : { arrival })
  }
  return {
    daemon,
    defects,
    ask,
    post: (path, body) =>
      ask(path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    put: (path, body) =>
      ask(path, {
        method: 'PUT',
        ...(body === undefined
          ? {}
          : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      }),
    close: () => ending.abort(),
  }
}
