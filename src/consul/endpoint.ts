import { Agent as HttpAgent, request as httpRequest } from 'node:http'
import type { ClientRequest, OutgoingHttpHeaders } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import type { Socket } from 'node:net'
import { FairleadError } from '../model/errors.ts'
import type { ConsulOptions } from './contract.ts'
import { tlsOptions } from './tls.ts'

/** Connections are probed by the kernel after this time without traffic. */
const keepAliveMs = 3000

/** One address of Consul and the connections to it. */
export type Endpoint = {
  /** For messages: `HOST:PORT` or the path of a socket. */
  readonly name: string
  request(method: string, path: string, headers: OutgoingHttpHeaders): ClientRequest
  /** Whether connections are kept when nothing is asked on them; those there now are closed by false. */
  keepIdle(should: boolean): void
  /** Closes the connections on which nothing is asked. */
  dropIdle(): void
  /** Closes all connections; what is asked on them fails with this error. */
  hangUp(error: Error): void
  close(): void
}

/** Sockets that are open, counted. */
export class OpenSockets {
  readonly #open = new Set<Socket>()
  #most = 0

  get counts(): { readonly open: number; readonly most: number } {
    return { open: this.#open.size, most: this.#most }
  }

  add(socket: Socket): void {
    if (this.#open.has(socket)) return
    // Closed already, though not said to be: the agent forgets such a socket before its end is told.
    for (const each of this.#open) if (each.destroyed) this.#open.delete(each)
    this.#open.add(socket)
    this.#most = Math.max(this.#most, this.#open.size)
    socket.once('close', () => this.#open.delete(socket))
  }

  /** Closes it at once. */
  drop(socket: Socket): void {
    socket.destroy()
    this.#open.delete(socket)
  }
}

/** Throws FairleadError `setting_invalid` for a wrong address or an unreadable certificate. */
export function createEndpoint(
  address: string,
  options: ConsulOptions,
  mostConnections: number,
  sockets: OpenSockets,
): Endpoint {
  const url = parseAddress(address)
  const isTls = url.protocol === 'https:'
  const isSocket = url.protocol === 'unix:'
  const path = decodeURIComponent(url.pathname)
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  const port = Number(url.port || (isTls ? 443 : 80))
  const target = isSocket ? { socketPath: path } : { host, port }
  const limits = {
    keepAlive: true,
    keepAliveMsecs: keepAliveMs,
    maxSockets: mostConnections,
    maxFreeSockets: mostConnections,
  }
  const agent = isTls
    ? new HttpsAgent({ ...limits, ...tlsOptions(options) })
    : new HttpAgent(limits)
  const hostHeader = isSocket ? { Host: 'consul' } : {}
  const dropIdle = (): void => {
    for (const idle of Object.values(agent.freeSockets)) {
      for (const socket of idle ?? []) sockets.drop(socket)
    }
  }
  return {
    name: isSocket ? path : `${url.hostname}:${port}`,
    request(method, pathAndQuery, headers) {
      const asked = {
        ...target,
        method,
        path: pathAndQuery,
        agent,
        headers: { ...hostHeader, ...headers },
      }
      const request = isTls ? httpsRequest(asked) : httpRequest(asked)
      request.once('socket', (socket) => {
        sockets.add(socket)
        // Set at once and not only when the connection idles: a blocking query never does.
        socket.setKeepAlive(true, keepAliveMs)
      })
      return request
    },
    keepIdle(should) {
      agent.maxFreeSockets = should ? mostConnections : 0
      if (!should) dropIdle()
    },
    dropIdle,
    hangUp(error) {
      dropIdle()
      for (const inUse of Object.values(agent.sockets)) {
        for (const socket of inUse ?? []) socket.destroy(error)
      }
    },
    close: () => agent.destroy(),
  }
}

function parseAddress(address: string): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (url !== undefined && ['http:', 'https:', 'unix:'].includes(url.protocol)) return url
  throw new FairleadError('setting_invalid', 'not an address of Consul', {
    hint: 'use http://HOST:PORT, https://HOST:PORT or unix:///PATH',
  })
}
