import { createServer } from 'node:net'
import type { Server, Socket } from 'node:net'

/** A Docker daemon's place: notes each request's bytes as they arrive, and answers 200 to all. */
export class RequestRecorder {
  readonly socketPath: string
  readonly requests: string[] = []
  readonly #sockets = new Set<Socket>()
  readonly #server: Server

  constructor(socketPath: string) {
    this.socketPath = socketPath
    this.#server = createServer((socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
      socket.on('error', () => socket.destroy())
      let text = ''
      socket.setEncoding('latin1')
      socket.on('data', (more: string) => {
        text += more
        if (!text.includes('\r\n\r\n')) return
        this.requests.push(text)
        text = ''
        // One request a connection: nothing has to be told apart.
        socket.end('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}')
      })
    })
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(this.socketPath, resolve))
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
