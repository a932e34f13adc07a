import { readFileSync } from 'node:fs'
import type { Server } from 'node:http'
import type { ListenOptions, Socket } from 'node:net'
import { createAdaptorServer, type HttpBindings } from '@hono/node-server'
import { FairleadError, messageOf } from '../model/errors.ts'
import type { ApiEnv, Arrival } from './arrival.ts'
import { isLoopbackAddress } from './guard.ts'
import { bindUnixSocket } from './unix-socket.ts'

/** Where the API listens. `host` is an IP address, `*` for all IPv4 ones; port 0: any free one. */
export type ListenAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }

/** An address of the API could not be bound. Codes `address_in_use`, `address_unavailable`. */
export class ListenError extends FairleadError {}

export type Fetch = (request: Request, env: ApiEnv['Bindings']) => Response | Promise<Response>

export type Listener = {
  /** With the real port. */
  readonly address: ListenAddress
  /** Waits for requests under way, at most `graceMs`. */
  close(graceMs: number): Promise<void>
}

/** A socket on which nothing moves for so long is closed: a reader of events that stopped reading. */
const stalledMs = 60_000
/** A request that has not arrived whole by then is given up: its sender may have no token. */
const limits = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 5_000,
}
/**
 * Connections of one listener at once; more are closed unanswered. Readers that wait for a change
 * keep one each, and whoever opens many must not use up the file descriptors that the way to Docker
 * and HAProxy needs: a quarter of what this process may have open, 4,096 at most.
 */
export function defaultMostConnections(): number {
  return Math.min(4096, Math.max(128, Math.floor(openFilesLimit() / 4)))
}

/** Linux' soft limit, as Node has raised it at its start; 1,024 where it cannot be read. */
function openFilesLimit(): number {
  try {
    const text = readFileSync('/proc/self/limits', 'utf8')
    return Number(/^Max open files\s+(\d+)/m.exec(text)?.[1] ?? 1024)
  } catch {
    return 1024
  }
}

/**
 * Listens on one address. Throws ListenError; then nothing is left bound.
 * @param onDefect told of what goes wrong with the socket later on; it goes on listening.
 * @param admits whether connections to this address of its own are taken; others are closed unread.
 */
export async function listen(
  fetch: Fetch,
  address: ListenAddress,
  onDefect: (error: unknown) => void,
  mostConnections = defaultMostConnections(),
  admits: (localAddress: string) => boolean = () => true,
): Promise<Listener> {
  let port = address.kind === 'tcp' ? address.port : 0
  const server = createServer(fetch, ({ incoming }) => {
    if (address.kind === 'unix') return { kind: 'unix' }
    const local = incoming.socket.localAddress ?? ''
    return {
      kind: 'tcp',
      address: local,
      port,
      isLoopbackListener: isLoopbackAddress(address.host),
    }
  })
  server.maxConnections = mostConnections
  if (address.kind === 'tcp') {
    server.prependListener('connection', (socket: Socket) => {
      if (!admits(socket.localAddress ?? '')) socket.destroy()
    })
  }
  if (address.kind === 'unix') {
    const remove = await bindUnixSocket(address.path, (path) => bind(server, { path }))
    server.on('error', onDefect)
    const close = async (graceMs: number): Promise<void> => {
      await remove()
      await closeServer(server, graceMs)
    }
    return { address, close }
  }
  port = await bindTcp(server, address)
  server.on('error', onDefect)
  return { address: { ...address, port }, close: (graceMs) => closeServer(server, graceMs) }
}

/** The port that was bound. */
async function bindTcp(
  server: Server,
  address: Extract<ListenAddress, { kind: 'tcp' }>,
): Promise<number> {
  const host = address.host === '*' ? '0.0.0.0' : address.host
  try {
    await bind(server, { host, port: address.port })
  } catch (error) {
    throw tcpError(address, error)
  }
  const bound = server.address()
  return typeof bound === 'object' && bound !== null ? bound.port : address.port
}

function createServer(fetch: Fetch, arrivalOf: (env: HttpBindings) => Arrival): Server {
  const server = createAdaptorServer({
    // This adapter makes HTTP/1 servers only, as it is used here.
    fetch: (request, env) => {
      const bindings = env as HttpBindings
      const { socket, url = '' } = bindings.incoming
      if (hasDotSegment(url)) return new Response(dotSegmentAnswer, { status: 400 })
      const hold = (): (() => void) => {
        socket.setTimeout(0)
        return () => socket.setTimeout(stalledMs)
      }
      return fetch(request, { arrival: arrivalOf(bindings), hold })
    },
    overrideGlobalObjects: false,
    serverOptions: limits,
  }) as Server
  server.setTimeout(stalledMs)
  return server
}

const dotSegmentAnswer = 'a path with the segment . or .. would be taken for another path\n'

/** Parsing a URL resolves them silently: a write under one key would be one of another key. */
function hasDotSegment(target: string): boolean {
  return /^[^?#]*\/(?:\.|%2e){1,2}(?:[/?#]|$)/i.test(target)
}

function bind(server: Server, options: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(options, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

function closeServer(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), graceMs)
    // The only error there can be is that it was not open.
    server.close(() => {
      clearTimeout(cut)
      resolve()
    })
  })
}

function tcpError({ host, port }: { host: string; port: number }, error: unknown): ListenError {
  const shown = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
  const cause = { cause: error }
  if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') {
    return new ListenError('address_in_use', `another program listens on ${shown}`, {
      hint: `"ss -ltnp sport = :${port}" shows which; stop it, or choose another --admin address`,
      ...cause,
    })
  }
  const what = `the admin API cannot listen on ${shown}: ${messageOf(error)}`
  return new ListenError('address_unavailable', what, {
    hint: 'choose an address of this machine, and a port of 1024 or higher unless root',
    ...cause,
  })
}
