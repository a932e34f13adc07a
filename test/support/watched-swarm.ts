import { createSwarmProvider } from '../../src/discovery/swarm/provider.ts'
import type { SwarmProvider, SwarmProviderOptions } from '../../src/discovery/swarm/provider.ts'
import type { Candidate, Observation } from '../../src/model/candidate.ts'
import { waitUntil } from './wait-until.ts'

/** A swarm's provider that runs, what it said, and what that amounts to. */
export class WatchedSwarm {
  readonly provider: SwarmProvider
  readonly said: Observation[] = []
  readonly candidates = new Map<string, Candidate>()
  readonly #stop = new AbortController()
  readonly #running: Promise<void>

  /** HAProxy's container is on network `apps`. */
  constructor(url: string, options: Partial<SwarmProviderOptions> = {}) {
    this.provider = createSwarmProvider({
      host: { name: undefined, url, certFolder: undefined },
      network: undefined,
      usePublished: false,
      haproxyNetworks: new Set(['apps']),
      ownContainerIds: new Set(),
      ...options,
    })
    this.#running = this.#read()
  }

  async #read(): Promise<void> {
    for await (const observation of this.provider.observe(this.#stop.signal)) {
      this.said.push(observation)
      if (observation.isComplete) this.candidates.clear()
      for (const key of observation.removals) this.candidates.delete(key)
      for (const each of observation.upserts) this.candidates.set(each.key, each)
    }
  }

  async connected(): Promise<this> {
    await waitUntil('a full list', () => this.said.length > 0)
    return this
  }

  async saidFor(cause: string): Promise<Observation> {
    const find = (): Observation | undefined => this.said.find((each) => each.cause === cause)
    await waitUntil(cause, () => find() !== undefined)
    return find() as Observation
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#running
  }
}
