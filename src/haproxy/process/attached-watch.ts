import { FairleadError } from '../../model/errors.ts'
import { AttachedHaproxy } from './attached.ts'
import type { AttachOptions } from './attached.ts'
import type { HaproxyInstance } from './runner.ts'

const lookEveryMs = 1_000

/**
 * A HAProxy that somebody else started, watched for a daemon: its end, its return and somebody
 * else's reloads are noticed within about a second. Ending it is not ours.
 */
export class WatchedHaproxy extends AttachedHaproxy implements HaproxyInstance {
  readonly isAdopted = true
  readonly #listeners = new Set<() => void>()
  #timer: NodeJS.Timeout | undefined
  /** Surprises that were told, or need no telling. */
  #seen = 0

  constructor(options: AttachOptions) {
    super(options)
    this.#plan()
  }

  /** Looks now; one that does not answer is waited for. Throws all but `haproxy_unreachable`. */
  async find(): Promise<void> {
    await this.refresh().catch(unlessAway)
    this.#seen = this.surprises
  }

  /** Calls back when it is gone, is back, or runs another worker than ours. Gives back the release. */
  onExit(callback: () => void): () => void {
    this.#listeners.add(callback)
    return () => this.#listeners.delete(callback)
  }

  /** Keeps on disk that the worker runs the text on disk, after commands made it so. */
  async keepText(): Promise<void> {
    if (this.isRunning && this.isTextKnown) await this.confirmText()
  }

  /** Whoever supervises it ends it. */
  stop(): Promise<void> {
    this.close()
    return Promise.resolve()
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #plan(): void {
    this.#timer = setTimeout(() => void this.#watch(), lookEveryMs).unref()
  }

  async #watch(): Promise<void> {
    // One that may not be used any more (another level) is as good as gone; the next apply says why.
    await this.refresh().catch(onlyFairleadErrors)
    // Closed meanwhile.
    if (this.#timer === undefined) return
    const before = this.#seen
    this.#seen = this.surprises
    if (before !== this.#seen) for (const callback of this.#listeners) callback()
    this.#plan()
  }
}

function unlessAway(error: unknown): void {
  if (!(error instanceof FairleadError) || error.code !== 'haproxy_unreachable') throw error
}

function onlyFairleadErrors(error: unknown): void {
  if (!(error instanceof FairleadError)) throw error
}
