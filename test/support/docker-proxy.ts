import { createConnection, createServer, type Server, type Socket } from 'node:net'

/**
 * A unix socket in front of the Docker daemon's that notes each request, `GET /version`, and can go
 * away, or go silent, and come back.
 */
export class DockerProxy {
  readonly path: string
  /** In order; method and target as they came. */
  readonly requests: string[] = []
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
    const server = createServer((client) => this.#connect(client))
    this.#server = server
    await new Promise<void>((resolve) => server.listen(this.path, resolve))
  }

  /** The daemon is gone: connections are closed, new ones refused. */
  async close(): Promise<void> {
    this.cut()
    const server = this.#server
    this.#server = undefined
    if (server !== undefined) await new Promise((resolve) => server.close(resolve))
  }

  /** Connections are closed; new ones work. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  /** Streams that are open stay open, and nothing arrives on them any more. */
  silence(): void {
    this.#isSilent = true
  }

  #connect(client: Socket): void {
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
      text = this.#note(text + bytes.toString('latin1'))
      daemon.write(bytes)
    })
    const wasOpenedSilent = this.#isSilent
    daemon.on('data', (bytes) => {
      // Only streams from before the silence are cut off: new connections work.
      if (!this.#isSilent || wasOpenedSilent) client.write(bytes)
    })
  }

  /** Notes the requests in whole lines; gives what is left, a line that may be half there. */
  #note(text: string): string {
    const end = text.lastIndexOf('\n') + 1
    for (const [, request] of text.slice(0, end).matchAll(/^([A-Z]+ \S+) HTTP\/1\.1\r$/gm))
      this.requests.push(request ?? '')
    return text.slice(end)
  }
}
