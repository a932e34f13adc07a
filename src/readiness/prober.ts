import { connect } from 'node:net'
import type { Endpoint } from '../model/endpoint.ts'
import type { Clock } from '../support/clock.ts'

/** Resolves true when a TCP connection was accepted within the time; never rejects. */
export type Connect = (address: string, port: number, timeoutMs: number) => Promise<boolean>

/**
 * How it is found out whether an endpoint accepts connections. `probe`: by connecting. `hold`: it
 * cannot be yet, whatever is said of it. `trust`: connections from here do not get there, and
 * HAProxy's own check decides.
 */
export type ProbeWay = 'probe' | 'hold' | 'trust'

/** Longer than any handshake on a local network, and short enough to try again soon. */
const connectTimeoutMs = 1_000
/**
 * Connections being tried at one time, so that a full start does not use up file descriptors. A
 * first try goes before those that failed already: a thousand dead endpoints delay no new one.
 */
const mostAtOnce = 128

/**
 * Finds out which new endpoints accept connections, before they get traffic. An endpoint is asked
 * at once and then after a tenth of the time it has already taken (1 ms at first, 5 s at most): so
 * the answer is never late by more than a tenth, and one that stays dead is not hammered.
 *
 * What was learnt belongs to the endpoint's identity, start, address and port: the next container on
 * the same address starts anew.
 */
export class Prober {
  readonly #connect: Connect
  readonly #clock: Clock
  readonly #onAccepted: (endpoint: Endpoint) => void
  readonly #wayOf: (endpoint: Endpoint) => ProbeWay
  readonly #accepted = new Set<string>()
  /** Those of `#accepted` that were asked about: every pass asks about every endpoint. */
  readonly #proven = new WeakSet<Endpoint>()
  #acceptedList: readonly string[] | undefined
  readonly #probes = new Map<string, AbortController>()
  #free = mostAtOnce
  readonly #waitingFirst: (() => void)[] = []
  readonly #waitingAgain: (() => void)[] = []

  constructor(options: {
    readonly clock: Clock
    readonly onAccepted: (endpoint: Endpoint) => void
    readonly connect?: Connect
    readonly wayOf?: (endpoint: Endpoint) => ProbeWay
  }) {
    this.#connect = options.connect ?? connectTcp
    this.#clock = options.clock
    this.#onAccepted = options.onAccepted
    this.#wayOf = options.wayOf ?? ((): ProbeWay => 'probe')
  }

  /** Takes over what an earlier process learnt. */
  restore(keys: Iterable<string>): void {
    for (const key of keys) this.#accepted.add(key)
    this.#acceptedList = undefined
  }

  /** Takes another's word for it: HAProxy has it up already. Then nothing holds it back either. */
  accept(endpoint: Endpoint): void {
    this.#accepted.add(probeKey(endpoint))
    this.#proven.add(endpoint)
    this.#acceptedList = undefined
  }

  /** What to hand to `restore` in the next process; the same object as long as nothing changes. */
  accepted(): readonly string[] {
    this.#acceptedList ??= [...this.#accepted]
    return this.#acceptedList
  }

  get acceptedCount(): number {
    return this.#accepted.size
  }

  hasAccepted(endpoint: Endpoint): boolean {
    if (this.#proven.has(endpoint)) return true
    const way = this.#wayOf(endpoint)
    if (way === 'hold') return false
    if (endpoint.isHealthReported || way === 'trust') return true
    if (!this.#accepted.has(probeKey(endpoint))) return false
    this.#proven.add(endpoint)
    return true
  }

  /**
   * Says which endpoints are to be found out about now; probes of others end. Resolves when each
   * new one accepts, or is not wanted any more; undefined when there is no new one.
   */
  want(endpoints: Iterable<Endpoint>): Promise<void> | undefined {
    const wanted = new Set<string>()
    const probes: Promise<void>[] = []
    for (const endpoint of endpoints) {
      const key = probeKey(endpoint)
      wanted.add(key)
      if (this.hasAccepted(endpoint) || this.#probes.has(key)) continue
      if (this.#wayOf(endpoint) === 'hold') continue
      const stop = new AbortController()
      this.#probes.set(key, stop)
      probes.push(this.#probe(endpoint, key, stop.signal))
    }
    for (const [key, stop] of this.#probes) {
      if (wanted.has(key)) continue
      stop.abort()
      this.#probes.delete(key)
    }
    return probes.length === 0 ? undefined : Promise.all(probes).then(() => undefined)
  }

  /** Forgets what was learnt of all others. Costs as much as there are endpoints: now and then. */
  keepOnly(endpoints: Iterable<Endpoint>): void {
    const kept = new Set<string>()
    for (const endpoint of endpoints) kept.add(probeKey(endpoint))
    for (const key of this.#accepted) if (!kept.has(key)) this.#accepted.delete(key)
    this.#acceptedList = undefined
  }

  stop(): void {
    for (const stop of this.#probes.values()) stop.abort()
    this.#probes.clear()
  }

  async #probe(endpoint: Endpoint, key: string, signal: AbortSignal): Promise<void> {
    let elapsedMs = 0
    let waiting = this.#waitingFirst
    while (!signal.aborted) {
      const triedAtMs = this.#clock.now()
      await this.#acquire(waiting)
      waiting = this.#waitingAgain
      const hasAccepted =
        !signal.aborted && (await this.#connect(endpoint.address, endpoint.port, connectTimeoutMs))
      this.#release()
      if (signal.aborted) return
      if (hasAccepted) {
        this.#probes.delete(key)
        this.accept(endpoint)
        this.#onAccepted(endpoint)
        return
      }
      // Summed up, not told by the clock: one that was set back would make for a try every millisecond.
      elapsedMs += Math.max(0, this.#clock.now() - triedAtMs)
      const pauseMs = Math.min(5_000, Math.max(1, elapsedMs / 10))
      elapsedMs += pauseMs
      await this.#clock.sleep(pauseMs, signal)
    }
  }

  async #acquire(waiting: (() => void)[]): Promise<void> {
    if (this.#free > 0) {
      this.#free -= 1
      return
    }
    await new Promise<void>((resolve) => {
      waiting.push(resolve)
    })
  }

  #release(): void {
    const next = this.#waitingFirst.shift() ?? this.#waitingAgain.shift()
    if (next === undefined) this.#free += 1
    else next()
  }
}

function probeKey(endpoint: Endpoint): string {
  let key = keys.get(endpoint)
  if (key === undefined) {
    key = `${endpoint.identity} ${endpoint.startedAtMs} ${endpoint.address} ${endpoint.port}`
    keys.set(endpoint, key)
  }
  return key
}

/** Made once per endpoint: every pass asks for all of them. */
const keys = new WeakMap<Endpoint, string>()

export const connectTcp: Connect = (address, port, timeoutMs) =>
  new Promise((resolve) => {
    const socket = connect({ host: address, port })
    const end = (hasAccepted: boolean): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(hasAccepted)
    }
    const timer = setTimeout(() => end(false), timeoutMs)
    socket.once('connect', () => end(true))
    socket.once('error', () => end(false))
  })
