import type { Gone, NetworkRef } from './contract.ts'
import type { Want } from './decide.ts'

/**
 * How long a network is kept after the last thing there ended by itself: Docker's restart policies
 * bring a container back in 0.1 s at first and in 3.2 s at the sixth time. What was stopped on
 * purpose is not waited for: its owner may be about to remove the network, and cannot while
 * HAProxy is on it.
 */
export const graceMs = 5_000

/** Which things of which sources want which network. */
export class Wants {
  readonly #networks = new Map<string, { name: string; things: Map<string, number | undefined> }>()
  readonly #byThing = new Map<string, string>()

  /** True: something new is wanted. */
  want(thing: string, { id, name }: NetworkRef): boolean {
    const before = this.#byThing.get(thing)
    if (before !== undefined && before !== id) this.#forget(thing, before)
    const network = this.#networks.get(id) ?? { name, things: new Map() }
    const isNews = !network.things.has(thing) || network.things.get(thing) !== undefined
    network.name = name
    network.things.set(thing, undefined)
    this.#networks.set(id, network)
    this.#byThing.set(thing, id)
    return isNews
  }

  /** True: something has changed by it. */
  drop(thing: string, gone: Gone, nowMs: number): boolean {
    const id = this.#byThing.get(thing)
    const things = id === undefined ? undefined : this.#networks.get(id)?.things
    if (id === undefined || things === undefined) return false
    if (gone === 'stopped') this.#forget(thing, id)
    else if (things.get(thing) === undefined) things.set(thing, nowMs + graceMs)
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
      for (const [thing, untilMs] of things)
        if (untilMs !== undefined && untilMs <= nowMs) this.#forget(thing, id)
      const untils = [...things.values()]
      if (untils.length === 0) continue
      const isLive = untils.includes(undefined)
      const untilMs = isLive ? undefined : Math.max(...untils.map((each) => each ?? 0))
      all.set(id, { name, untilMs })
    }
    return all
  }

  #forget(thing: string, id: string): void {
    this.#byThing.delete(thing)
    const network = this.#networks.get(id)
    network?.things.delete(thing)
    if (network?.things.size === 0) this.#networks.delete(id)
  }
}
