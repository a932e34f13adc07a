import { connect, type Socket } from 'node:net'

/** The looks that nothing calls for: for a connection that could not be had, or says nothing. */
const lookEveryMs = 1_000
/** A process whose connections have just been closed may still be listed for a moment. */
const lookAgainMs = 20
const looksAfterClose = 10
const reconnectMs = 250

/**
 * Notices the end of a process that listens on a unix socket, also where it is no child of ours: an
 * idle connection to it is closed in the moment it ends. Costs nothing while nothing happens. A
 * connection that is closed for another reason (a reload) is made again.
 */
export class Watch {
  readonly #path: string
  readonly #look: () => void
  readonly #timer: NodeJS.Timeout
  #socket: Socket | undefined
  #hasEnded = false

  /** `look` finds out whether the process has ended; it is called often then, and once a second anyway. */
  constructor(path: string, look: () => void) {
    this.#path = path
    this.#look = look
    this.#timer = setInterval(look, lookEveryMs).unref()
    this.#connect()
  }

  end(): void {
    this.#hasEnded = true
    clearInterval(this.#timer)
    this.#socket?.destroy()
  }

  #connect(): void {
    if (this.#hasEnded) return
    // Errors need no word of their own: each is followed by `close`.
    this.#socket = connect({ path: this.#path })
      .unref()
      .on('error', () => undefined)
      .resume()
    this.#socket.once('close', () => this.#closed(looksAfterClose))
  }

  #closed(looksLeft: number): void {
    if (this.#hasEnded) return
    this.#look()
    if (looksLeft > 0) this.#after(lookAgainMs, () => this.#closed(looksLeft - 1))
    else this.#after(reconnectMs, () => this.#connect())
  }

  #after(delayMs: number, action: () => void): void {
    setTimeout(action, delayMs).unref()
  }
}
