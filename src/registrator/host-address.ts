import { lookup } from 'node:dns/promises'
import type { Clock } from '../support/clock.ts'

/** A name is not asked for again within this time: many containers may start at once. */
const keptMs = 10_000

/**
 * What this host's name resolves to, IPv4 preferred (or IPv6); empty when it does not resolve. Asked
 * for again after ten seconds.
 */
export class HostAddress {
  readonly #hostname: string
  readonly #prefersIpv6: boolean
  readonly #clock: Clock
  #known: { readonly address: Promise<string>; readonly untilMs: number } | undefined

  constructor(hostname: string, prefersIpv6: boolean, clock: Clock) {
    this.#hostname = hostname
    this.#prefersIpv6 = prefersIpv6
    this.#clock = clock
  }

  get(): Promise<string> {
    const now = this.#clock.now()
    if (this.#known === undefined || now >= this.#known.untilMs) {
      this.#known = { address: this.#resolve(), untilMs: now + keptMs }
    }
    return this.#known.address
  }

  async #resolve(): Promise<string> {
    const addresses = await lookup(this.#hostname, { all: true }).catch(() => [])
    const wanted = addresses.find(({ family }) => family === (this.#prefersIpv6 ? 6 : 4))
    return (wanted ?? addresses[0])?.address ?? ''
  }
}
