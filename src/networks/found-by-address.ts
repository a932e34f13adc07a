import type { NetworkRef } from './contract.ts'
import type { NetworkDetails } from './rules.ts'
import { Subnets } from './subnets.ts'

type Found = NetworkRef & { readonly driver: string; readonly subnets: Subnets }

/** Addresses whose networks are kept: more than a load balancer has endpoints. */
const mostKept = 100_000

/**
 * Networks of a daemon by the addresses in them. Each address is looked up once until the daemon
 * lists other networks: the same thousands are asked for in every pass.
 */
export class FoundByAddress {
  readonly #details: () => ReadonlyMap<string, NetworkDetails>
  readonly #byAddress = new Map<string, readonly Found[]>()
  #known: ReadonlyMap<string, NetworkDetails> | undefined
  #networks: readonly Found[] = []

  constructor(details: () => ReadonlyMap<string, NetworkDetails>) {
    this.#details = details
  }

  /** The network that an address is of, of these drivers; undefined: none that the daemon lists. */
  networkOf(address: string, drivers?: readonly string[]): NetworkRef | undefined {
    this.#follow(this.#details())
    return this.#networksOf(address).find(
      ({ driver }) => drivers === undefined || drivers.includes(driver),
    )
  }

  #networksOf(address: string): readonly Found[] {
    const kept = this.#byAddress.get(address)
    if (kept !== undefined) return kept
    const found = this.#networks.filter(({ subnets }) => subnets.has(address))
    if (this.#byAddress.size >= mostKept) this.#byAddress.clear()
    this.#byAddress.set(address, found)
    return found
  }

  #follow(details: ReadonlyMap<string, NetworkDetails>): void {
    if (details === this.#known) return
    this.#known = details
    this.#byAddress.clear()
    this.#networks = [...details].map(([id, each]) => ({
      id,
      name: each.name,
      driver: each.driver,
      subnets: new Subnets(each.isIngress ? [] : each.subnets),
    }))
  }
}
