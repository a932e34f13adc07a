import { createConnection, createServer, type Server, type Socket } from 'node:net'

/** A unix socket in front of the Docker daemon's that can go away, or go silent, and come back. */
export class DockerProxy {
  readonly path: string
  readonly #target: string
  readonly #sockets = new Set<Socket>()
  #server: Server | undefined
  #isSilent = false

  constructor(path: string, target = '/var/run/docker.sock') {
    this.path = path
    this.#target = target
  }

  get url(): string {
    return `unix://${this.path}`
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
      client.on('data', (bytes) => daemon.write(bytes))
      const wasOpenedSilent = this.#isSilent
      daemon.on('data', (bytes) => {
        // Only streams from before the silence are cut off: new connections work.
        if (!this.#isSilent || wasOpenedSilent) client.write(bytes)
      })
    })
    this.#server = server
    await new Promise<void>((resolve) => server.listen(this.path, resolve))
  }

  /** The daemon is gone: connections are closed, new ones refused. */
  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    const server = this.#server
    this.#server = undefined
    if (server !== undefined) await new Promise((resolve) => server.close(resolve))
  }

  /** Streams that are open stay open, and nothing arrives on them any more. */
  silence(): void {
    this.#isSilent = true
  }
}
