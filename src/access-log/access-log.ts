import { copyFile, open, stat, truncate } from 'node:fs/promises'
import type { Writable } from 'node:stream'
import { messageOf } from '../model/errors.ts'
import type { Problem } from '../model/problem.ts'
import type { Clock } from '../support/clock.ts'

const followEveryMs = 500
/** A few seconds' lines more or less make no difference to a file of this size. */
const rotateEveryMs = 5_000
const chunkBytes = 65_536

/**
 * Looks after the file that HAProxy writes its access log and messages to. HAProxy holds it open and
 * appends (it must outlive fairlead, so it cannot write into fairlead's pipe). At `mostBytes` the
 * content is copied to `<path>.1`, in place of the last one, and the file emptied: two files at most,
 * and the lines written between the copy and the emptying are lost. With `follow` every new line is
 * also written there.
 */
export class AccessLog {
  readonly #path: string
  readonly #mostBytes: number
  readonly #follow: Writable | undefined
  readonly #clock: Clock
  #offset = 0
  #error = ''

  constructor(options: {
    readonly path: string
    readonly mostBytes: number
    readonly follow: Writable | undefined
    readonly clock: Clock
  }) {
    this.#path = options.path
    this.#mostBytes = options.mostBytes
    this.#follow = options.follow
    this.#clock = options.clock
  }

  /** Why the file could not be read or rotated. */
  problems(): readonly Problem[] {
    if (this.#error === '') return []
    return [{ where: 'access log', what: this.#error, hint: `see to ${this.#path}` }]
  }

  /** Runs until the signal aborts. Lines from before the start are not followed. */
  async run(signal: AbortSignal): Promise<void> {
    this.#offset = await sizeOf(this.#path)
    const everyMs = this.#follow === undefined ? rotateEveryMs : followEveryMs
    while (!signal.aborted) {
      await this.#clock.sleep(everyMs, signal)
      try {
        await this.check()
        this.#error = ''
      } catch (error) {
        this.#error = messageOf(error)
      }
    }
  }

  /** One look: follow what is new, rotate when it is time. */
  async check(): Promise<void> {
    const size = await sizeOf(this.#path)
    if (size < this.#offset) this.#offset = 0
    if (this.#follow !== undefined && size > this.#offset) await this.#copyTo(this.#follow, size)
    if (size <= this.#mostBytes) return
    await copyFile(this.#path, `${this.#path}.1`)
    await truncate(this.#path, 0)
    this.#offset = 0
  }

  async #copyTo(out: Writable, size: number): Promise<void> {
    const file = await open(this.#path, 'r')
    try {
      while (this.#offset < size) {
        const { bytesRead, buffer } = await file.read({
          buffer: Buffer.alloc(Math.min(chunkBytes, size - this.#offset)),
          position: this.#offset,
        })
        if (bytesRead === 0) return
        this.#offset += bytesRead
        out.write(buffer.subarray(0, bytesRead))
      }
    } finally {
      await file.close()
    }
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0
    throw error
  }
}
