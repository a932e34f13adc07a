import { Backoff } from '../../support/backoff.ts'
import type { Clock } from '../../support/clock.ts'
import type { HaproxyControl, RunningServer } from '../control.ts'
import { deleteCommand } from '../diff/backend-commands.ts'
import type { OneAtATime } from '../runtime/one-at-a-time.ts'
import { refusalOf } from '../runtime/replies.ts'

export type RemovalsOptions = {
  readonly control: HaproxyControl
  /** The lock that applies take: nothing is deleted while one runs. */
  readonly lock: OneAtATime
  readonly clock: Clock
  /** How long a server in maintenance may keep its connections before they are cut. */
  readonly lingerMs: number
}

/** A server in maintenance or a backend, and where it stood: its parameters, should it come back. */
export type Lingering = {
  /** Undefined for a backend. */
  readonly server: RunningServer | undefined
  readonly text: { readonly config: string | undefined }
  /** How long it must not be deleted, though it seems to be free; 0 unless given. */
  readonly notBeforeMs?: number
}

/**
 * Servers that are in maintenance and wait for the end of their last connection, since HAProxy
 * deletes none before (management.txt §9.3, `del server`), and backends that wait for the end of
 * their servers. They are tried again with growing pauses; after `lingerMs` the connections of
 * servers are cut.
 */
export class Removals {
  readonly #options: RemovalsOptions
  readonly #lingering = new Map<string, Lingering & { readonly sinceMs: number }>()
  readonly #stop = new AbortController()
  #round: Promise<void> | undefined

  constructor(options: RemovalsOptions) {
    this.#options = options
  }

  /** Keys (`backend/server`, or a backend's name) that are out of service and not yet deleted. */
  get lingering(): readonly string[] {
    return [...this.#lingering.keys()]
  }

  has(key: string): boolean {
    return this.#lingering.has(key)
  }

  /** One that could not be deleted yet; a backend after its servers; it is tried again in the background. */
  add(key: string, lingering: Lingering): void {
    if (this.#lingering.has(key)) return
    this.#lingering.set(key, { ...lingering, sinceMs: this.#options.clock.now() })
    this.#round ??= this.#run().finally(() => {
      this.#round = undefined
    })
  }

  /** It is wanted again: no longer deleted. Gives back what is known of it. */
  cancel(key: string): Lingering | undefined {
    const lingering = this.#lingering.get(key)
    this.#lingering.delete(key)
    return lingering
  }

  /** All are gone with their worker. */
  clear(): void {
    this.#lingering.clear()
  }

  /** Tries once to delete these, or all, whose time has come; those that are gone are no longer lingering. Call under the lock. */
  async tryNow(keys: readonly string[] = this.lingering): Promise<void> {
    const { control, clock, lingerMs } = this.#options
    const commands = keys.flatMap((key) => {
      const { sinceMs = 0, notBeforeMs = 0 } = this.#lingering.get(key) ?? {}
      if (clock.now() - sinceMs < notBeforeMs) return []
      const isOverdue = key.includes('/') && clock.now() - sinceMs >= lingerMs
      return isOverdue
        ? [`shutdown sessions server ${key}`, deleteCommand(key)]
        : [deleteCommand(key)]
    })
    if (commands.length === 0) return
    const replies = await control.execute(commands)
    for (const [index, command] of commands.entries()) {
      const key = /^del (?:server|backend) (\S+)$/.exec(command)?.[1]
      if (key !== undefined && isGone(replies[index] ?? '')) this.#lingering.delete(key)
    }
  }

  /** Ends the background tries; what lingers is found again by the next read-back. */
  async close(): Promise<void> {
    this.#stop.abort()
    await this.#round
  }

  async #run(): Promise<void> {
    const { clock, lock } = this.#options
    const backoff = new Backoff(50, 2000, () => 0)
    const { signal } = this.#stop
    while (this.#lingering.size > 0 && !signal.aborted) {
      await clock.sleep(backoff.next(), signal)
      if (signal.aborted) return
      // HAProxy does not answer: it is being restarted, which ends these servers too.
      await lock.run(() => this.tryNow()).catch(() => undefined)
    }
  }
}

/** Whether a `del server` or `del backend` did it, or found that there is nothing left to do. */
export function isGone(reply: string): boolean {
  const refusal = refusalOf(reply)
  return refusal === undefined || /^No such (?:server|backend)/.test(refusal)
}
