/** A service's removals that wait for confirmation. */
export type HeldService = {
  readonly service: string
  /** Endpoint ids, sorted. */
  readonly endpoints: readonly string[]
  /** Since when the first of them is missing, Unix ms. */
  readonly sinceMs: number
  /** From when a further read confirms the first of them, Unix ms. */
  readonly untilMs: number
}

/** A loss of fewer is never held back. */
const fewestHeld = 3

/**
 * Decides which of the entries that an answer of Consul lacks are kept for now. Pure but for its
 * own memory: time comes in as an argument.
 *
 * A service is in one of two states:
 * - sure: what an answer lacks is gone; but a loss of more than half, and at least three, makes it
 *   - doubtful: the missing ones are held. One that comes back is normal again; one that a read
 *     still lacks `cycleMs` after it went missing is gone. Further losses are held too, each with
 *     its own time: an agent that was emptied can lose its services in several steps. When none is
 *     held any more the service is sure again.
 *
 * For one `cycleMs` after Consul lost its state every loss is sudden, also that of a service's only
 * endpoint: who registered it will do so again.
 *
 * With a `cycleMs` of 0 nothing is ever held.
 */
export class HeldRemovals {
  readonly #cycleMs: number
  /** By service and entry key: since when it is missing. */
  readonly #held = new Map<string, Map<string, number>>()
  #count = 0
  #doubtUntilMs = 0

  constructor(cycleMs: number) {
    this.#cycleMs = cycleMs
  }

  /** How many removals were held back since the start. */
  get count(): number {
    return this.#count
  }

  /** Consul has lost its state. */
  doubt(nowMs: number): void {
    this.#doubtUntilMs = nowMs + this.#cycleMs
  }

  /**
   * Takes a whole answer about a service. `shown` are the keys it has so far, those that are held
   * among them; `present` those in the answer. Gives the keys to keep although the answer lacks them.
   */
  consider(
    service: string,
    shown: Iterable<string>,
    present: ReadonlySet<string>,
    nowMs: number,
  ): ReadonlySet<string> {
    if (this.#cycleMs === 0) return new Set()
    const before = new Set(shown)
    const missing = [...before].filter((key) => !present.has(key))
    const held = this.#held.get(service) ?? new Map<string, number>()
    const isMost = missing.length >= fewestHeld && missing.length * 2 > before.size
    const isSudden = isMost || nowMs < this.#doubtUntilMs
    if (held.size === 0 && !isSudden) return new Set()
    const kept = new Map<string, number>()
    for (const key of missing) {
      const sinceMs = held.get(key)
      if (sinceMs === undefined) this.#count++
      if (sinceMs === undefined || nowMs < sinceMs + this.#cycleMs) kept.set(key, sinceMs ?? nowMs)
    }
    this.#set(service, kept)
    return new Set(kept.keys())
  }

  /** Entries that went on better knowledge are not waited for: their keys by service. */
  dropWhere(
    isKnown: (service: string, key: string) => boolean,
  ): ReadonlyMap<string, ReadonlySet<string>> {
    const dropped = new Map<string, ReadonlySet<string>>()
    for (const [service, held] of this.#held) {
      const keys = [...held.keys()].filter((key) => isKnown(service, key))
      if (keys.length > 0) dropped.set(service, new Set(keys))
      for (const key of keys) held.delete(key)
      if (held.size === 0) this.#held.delete(service)
    }
    return dropped
  }

  /** Lets the removals of one service, or of all, happen: their keys by service. */
  confirm(service: string | undefined): ReadonlyMap<string, readonly string[]> {
    const meant = [...this.#held].filter(([name]) => service === undefined || name === service)
    for (const [name] of meant) this.#held.delete(name)
    return new Map(meant.map(([name, held]) => [name, [...held.keys()]]))
  }

  isHeld(service: string, key: string): boolean {
    return this.#held.get(service)?.has(key) === true
  }

  /** Services with a removal that a read could confirm now. */
  due(nowMs: number): readonly string[] {
    return [...this.#held.keys()].filter((service) => this.#untilMs(service) <= nowMs)
  }

  /** When the next removal can be confirmed, Unix ms; undefined while none is held. */
  nextMs(): number | undefined {
    const times = [...this.#held.keys()].map((service) => this.#untilMs(service))
    return times.length === 0 ? undefined : Math.min(...times)
  }

  /** `endpointId` names an entry for people. */
  list(endpointId: (service: string, key: string) => string): readonly HeldService[] {
    return [...this.#held].map(([service, held]) => ({
      service,
      endpoints: [...held.keys()].map((key) => endpointId(service, key)).sort(),
      sinceMs: Math.min(...held.values()),
      untilMs: this.#untilMs(service),
    }))
  }

  #untilMs(service: string): number {
    return Math.min(...(this.#held.get(service)?.values() ?? [])) + this.#cycleMs
  }

  #set(service: string, held: Map<string, number>): void {
    if (held.size === 0) this.#held.delete(service)
    else this.#held.set(service, held)
  }
}
