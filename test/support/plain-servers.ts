import {
  createServer,
  type IncomingMessage,
  request,
  type ServerResponse,
  type Agent,
} from 'node:http'
import type { AddressInfo, Server, Socket } from 'node:net'

/** A web server of a test. `connections`: how many were ever opened to it. */
export type TestServer = {
  readonly port: number
  readonly requests: IncomingMessage[]
  connections(): number
  close(): Promise<void>
}

/** Listens on a free loopback port. */
export async function serve(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  onUpgrade?: (request: IncomingMessage, socket: Socket) => void,
): Promise<TestServer> {
  const requests: IncomingMessage[] = []
  const sockets = new Set<Socket>()
  let connections = 0
  const server = createServer((request, response) => {
    requests.push(request)
    request.resume()
    answer(request, response)
  })
  server.keepAliveTimeout = 60_000
  server.on('connection', (socket) => {
    connections++
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  if (onUpgrade !== undefined) {
    server.on('upgrade', (request, socket) => onUpgrade(request, socket as Socket))
  }
  const port = await listen(server)
  return {
    port,
    requests,
    connections: () => connections,
    close: () => {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

export async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  return (server.address() as AddressInfo).port
}

export type Answer = {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

/** One request to a loopback port. Rejects when the connection ends without an answer. */
export function ask(
  port: number,
  given: {
    method?: string
    path?: string
    headers?: Record<string, string | string[]>
    body?: string
    agent?: Agent
  } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { method = 'GET', path = '/', headers = {}, body, agent } = given
    const options = { host: '127.0.0.1', port, method, path, headers, agent: agent ?? false }
    const sent = request(options, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (text += chunk))
      response.on('error', reject)
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
      )
    })
    sent.on('error', reject)
    sent.end(body)
  })
}
