import { isIPv4 } from 'node:net'
import { Backoff } from '../../support/backoff.ts'
import type { Clock } from '../../support/clock.ts'
import type { HaproxyControl } from '../control.ts'
import type { OneAtATime } from '../runtime/one-at-a-time.ts'

export type OldConnectionsOptions = {
  readonly control: HaproxyControl
  /** The lock that applies take: no address is changed while one runs. */
  readonly lock: OneAtATime
  readonly clock: Clock
  /** How long requests that began at the old address may take; then they are not waited for. */
  readonly lingerMs: number
  /** Where the server is, as last verified; undefined: not known, or gone. */
  readonly addressOf: (key: string) => string | undefined
}

type Moved = { readonly address: string; readonly sinceMs: number }

const addressCommand = /^set server (\S+) addr (\S+)/

/**
 * Closes what HAProxy keeps open to the old addresses of servers that have moved, where it would
 * use it again (`keepsOldConnections`). Giving a server another address closes its idle connections,
 * those in use go back to the idle ones later: so until none is in use each such server is told, with
 * growing pauses, its address in IPv6's form for IPv4 (RFC 4291 §2.5.5.2), and then as it was, which
 * is no other place for a request in between. A server with an IPv6 address has no such second form.
 */
export class OldConnections {
  readonly #options: OldConnectionsOptions
  readonly #moved = new Map<string, Moved>()
  readonly #stop = new AbortController()
  #round: Promise<void> | undefined

  constructor(options: OldConnectionsOptions) {
    this.#options = options
  }

  /** Told of commands that were carried out. */
  after(commands: readonly string[]): void {
    for (const command of commands) {
      const [, key = '', address = ''] = addressCommand.exec(command) ?? []
      if (!isIPv4(address)) continue
      this.#moved.set(key, { address, sinceMs: this.#options.clock.now() })
    }
    if (this.#moved.size === 0) return
    this.#round ??= this.#run().finally(() => {
      this.#round = undefined
    })
  }

  /** All are gone with their worker. */
  clear(): void {
    this.#moved.clear()
  }

  async close(): Promise<void> {
    this.#stop.abort()
    await this.#round
  }

  async #run(): Promise<void> {
    const { clock, lock } = this.#options
    const backoff = new Backoff(20, 2000, () => 0)
    const { signal } = this.#stop
    while (this.#moved.size > 0 && !signal.aborted) {
      await clock.sleep(backoff.next(), signal)
      if (signal.aborted) return
      // HAProxy does not answer: it is being restarted, which ends these connections too.
      await lock.run(() => this.#closeIdle()).catch(() => this.clear())
    }
  }

  async #closeIdle(): Promise<void> {
    const { control, clock, lingerMs, addressOf } = this.#options
    for (const [key, { address }] of this.#moved) {
      // Moved once more, or gone.
      if (addressOf(key) !== address) this.#moved.delete(key)
    }
    const all = [...this.#moved]
    if (all.length === 0) return
    const backends = [...new Set(all.map(([key]) => key.slice(0, key.indexOf('/'))))]
    const replies = await control.execute([
      ...backends.map((backend) => `show servers conn ${backend}`),
      ...all.flatMap(([key, { address }]) => [
        `set server ${key} addr ::ffff:${address}`,
        `set server ${key} addr ${address}`,
      ]),
    ])
    const used = usedConnections(replies.slice(0, backends.length))
    for (const [key, { sinceMs }] of all) {
      // Asked before the idle ones were closed: one that ended in between was among these.
      const isOver = clock.now() - sinceMs >= lingerMs
      if ((used.get(key) ?? 0) === 0 || isOver) this.#moved.delete(key)
    }
  }
}

/** Connections with a request on them, by `backend/server` (management.txt §9.3, `show servers conn`). */
function usedConnections(replies: readonly string[]): ReadonlyMap<string, number> {
  const lines = replies.flatMap((reply) => reply.split('\n'))
  const at = lines
    .find((line) => line.startsWith('#'))
    ?.split(' ')
    .slice(1)
    .indexOf('used_cur')
  return new Map(
    lines
      .filter((line) => /^[^#\s]/.test(line))
      .map((line) => line.split(' '))
      .map((words) => [words[0] ?? '', Number(words[at ?? -1] ?? 1)] as const),
  )
}
