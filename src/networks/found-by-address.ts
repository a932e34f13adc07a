import type { NetworkRef } from './contract.ts'
import type { NetworkDetails } from './rules.ts'
import { Subnets } from './subnets.ts'

/** Networks of a daemon by the addresses in them. */
export class FoundByAddress {
  readonly #details: () => ReadonlyMap<string, NetworkDetails>
  #known: ReadonlyMap<string, NetworkDetails> | undefined
  #networks: readonly (NetworkRef & { driver: string; subnets: Subnets })[] = []

  constructor(details: () => ReadonlyMap<string, NetworkDetails>) {
    this.#details = details
  }

  /** The network that an address is of, of these drivers; undefined: none that the daemon lists. */
  networkOf(address: string, drivers?: readonly string[]): NetworkRef | undefined {
    const details = this.#details()
    if (details !== this.#known) {
      this.#known = details
      this.#networks = [...details].map(([id, each]) => ({
        id,
        name: each.name,
        driver: each.driver,
        subnets: new Subnets(each.isIngress ? [] : each.subnets),
      }))
    }
    return this.#networks.find(
      ({ driver, subnets }) =>
        (drivers === undefined || drivers.includes(driver)) && subnets.has(address),
    )
  }
}
