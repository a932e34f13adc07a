import type { Gone, NetworkRef } from './contract.ts'
import type { Want } from './decide.ts'

/**
 * How long a network is kept after the last thing there ended by itself: Docker's restart policies
 * bring a container back in 0.1 s at first and in 3.2 s at the sixth time. What was stopped on
 * purpose is not waited for: its owner may be about to remove the network, and cannot while
 * HAProxy is on it.
 */
export const graceMs = 5_000

/** Of a thing: wanted for as long as it is there, until that time (Unix ms), or no longer waited for. */
type Hold = 'live' | number | 'released'

/** Which things of which sources want which network. */
export class Wants {
  readonly #networks = new Map<string, { name: string; things: Map<string, Hold> }>()
  readonly #byThing = new Map<string, string>()

  /** True: something new is wanted. */
  want(thing: string, { id, name }: NetworkRef): boolean {
    const before = this.#byThing.get(thing)
    if (before !== undefined && before !== id) this.#forget(thing, before)
    const network = this.#networks.get(id) ?? { name, things: new Map<string, Hold>() }
    const hold = network.things.get(thing)
    network.name = name
    network.things.set(thing, hold === 'released' ? hold : 'live')
    this.#networks.set(id, network)
    this.#byThing.set(thing, id)
    return hold === undefined || typeof hold === 'number'
  }

  /** True: something has changed by it. */
  release(thing: string): boolean {
    return this.#turn(thing, 'live', 'released')
  }

  /** True: something has changed by it. */
  retain(thing: string): boolean {
    return this.#turn(thing, 'released', 'live')
  }

  /** True: something has changed by it. */
  drop(thing: string, gone: Gone, nowMs: number): boolean {
    const id = this.#byThing.get(thing)
    const things = id === undefined ? undefined : this.#networks.get(id)?.things
    if (id === undefined || things === undefined) return false
    const hold = things.get(thing)
    if (gone === 'stopped' || hold === 'released') this.#forget(thing, id)
    else if (hold === 'live') things.set(thing, nowMs + graceMs)
    else return false
    return true
  }

  /** Things of a source, also those that are only kept for a while. */
  thingsOf(prefix: string): readonly string[] {
    return [...this.#byThing.keys()].filter((thing) => thing.startsWith(prefix))
  }

  /** By network id; what has been kept long enough is forgotten. */
  all(nowMs: number): ReadonlyMap<string, Want> {
    const all = new Map<string, Want>()
    for (const [id, { name, things }] of this.#networks) {
      for (const [thing, hold] of things)
        if (typeof hold === 'number' && hold <= nowMs) this.#forget(thing, id)
      const holds = [...things.values()]
      const untils = holds.filter((each) => typeof each === 'number')
      if (holds.includes('live')) all.set(id, { name, untilMs: undefined })
      else if (untils.length > 0) all.set(id, { name, untilMs: Math.max(...untils) })
    }
    return all
  }

  #turn(thing: string, from: Hold, to: Hold): boolean {
    const things = this.#networks.get(this.#byThing.get(thing) ?? '')?.things
    if (things?.get(thing) !== from) return false
    things.set(thing, to)
    return true
  }

  #forget(thing: string, id: string): void {
    this.#byThing.delete(thing)
    const network = this.#networks.get(id)
    network?.things.delete(thing)
    if (network?.things.size === 0) this.#networks.delete(id)
  }
}
