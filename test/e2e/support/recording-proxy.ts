import { createConnection, createServer } from 'node:net'
import type { Server, Socket } from 'node:net'

/** A unix socket before another one that notes each request: `GET /version`. */
export class RecordingProxy {
  readonly path: string
  /** In order; method and target as they came. */
  readonly requests: string[] = []
  readonly #target: string
  readonly #sockets = new Set<Socket>()
  #server: Server | undefined

  constructor(path: string, target = '/var/run/docker.sock') {
    this.path = path
    this.#target = target
  }

  async open(): Promise<void> {
    const server = createServer((client) => {
      const daemon = createConnection({ path: this.#target })
      const pair = [client, daemon]
      for (const socket of pair) {
        this.#sockets.add(socket)
        socket.on('error', () => pair.forEach((each) => each.destroy()))
        socket.on('close', () => {
          this.#sockets.delete(socket)
          for (const each of pair) each.destroy()
        })
      }
      let text = ''
      client.on('data', (bytes) => {
        text += bytes.toString('latin1')
        // The last line may be half there.
        const end = text.lastIndexOf('\n')
        for (const line of text.slice(0, end).split('\r\n')) this.#note(line)
        text = text.slice(end + 1)
      })
      client.pipe(daemon).pipe(client)
    })
    this.#server = server
    await new Promise<void>((resolve) => server.listen(this.path, resolve))
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    const server = this.#server
    this.#server = undefined
    if (server !== undefined) await new Promise((resolve) => server.close(resolve))
  }

  #note(line: string): void {
    const [, request] = /^([A-Z]+ \S+) HTTP\/1\.1$/.exec(line) ?? []
    if (request !== undefined) this.requests.push(request)
  }
}
