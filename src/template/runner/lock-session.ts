import type { Consul } from '../../consul/contract.ts'
import { ConsulError } from '../../consul/errors.ts'
import { messageOf } from '../../model/errors.ts'
import type { Clock } from '../../support/clock.ts'
import type { Log } from './log.ts'

/** Consul's limits of a session's time to live. */
const [leastTtlMs, mostTtlMs] = [10_000, 24 * 3_600_000]

/**
 * A session of Consul's that holds locks for as long as this program lives: some time after the last
 * renewal Consul gives the locks up. Source: Consul's HTTP API, Session.
 */
export class LockSession {
  readonly #consul: Consul
  readonly #ttlMs: number
  readonly #clock: Clock
  readonly #log: Log
  #id: string | undefined
  #open: () => void = () => undefined
  /** Resolves once there has been one. */
  readonly opened = new Promise<void>((resolve) => {
    this.#open = resolve
  })

  constructor(consul: Consul, ttlMs: number, around: { readonly clock: Clock; readonly log: Log }) {
    this.#consul = consul
    this.#ttlMs = Math.min(mostTtlMs, Math.max(leastTtlMs, ttlMs))
    this.#clock = around.clock
    this.#log = around.log
  }

  /** Undefined: there is none at the moment. */
  get id(): string | undefined {
    return this.#id
  }

  /** Creates it, renews it, and creates another one when Consul has forgotten it; until the signal. */
  async keep(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const isKept = await this.#refresh(signal)
      await this.#clock.sleep(isKept ? this.#ttlMs / 3 : 1000, signal)
    }
    this.#open()
  }

  /** Gives up the locks at these paths, and the session. */
  async end(paths: readonly string[]): Promise<void> {
    const id = this.#id
    this.#id = undefined
    if (id === undefined) return
    try {
      for (const path of paths) await this.#consul.put(path, '', { query: { release: id } })
      await this.#consul.put(`/v1/session/destroy/${id}`)
    } catch (error) {
      // Consul ends it by itself when it is not renewed.
      if (!(error instanceof ConsulError)) throw error
    }
  }

  async #refresh(signal: AbortSignal): Promise<boolean> {
    try {
      if (this.#id !== undefined) {
        await this.#consul.put(`/v1/session/renew/${this.#id}`, undefined, { signal })
        return true
      }
      this.#id = await this.#create(signal)
      this.#open()
      return true
    } catch (error) {
      if (!(error instanceof ConsulError)) throw error
      if (signal.aborted) return false
      this.#log.warn('dedup', `session: ${messageOf(error)}`)
      if (error.code === 'consul_refused') this.#id = undefined
      return false
    }
  }

  async #create(signal: AbortSignal): Promise<string> {
    const wanted = {
      Name: 'fairlead template',
      TTL: `${Math.ceil(this.#ttlMs / 1000)}s`,
      Behavior: 'release',
      // The leader only reads: a second one for a moment does no harm.
      LockDelay: '1s',
    }
    const { ID } = await this.#consul.put<{ ID: string }>('/v1/session/create', wanted, { signal })
    return ID
  }
}
