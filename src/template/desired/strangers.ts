import type { Endpoint } from '../../model/endpoint.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import type { HealthService } from '../catalogue.ts'

export type Known = {
  /** Those of the snapshot, then the strangers. */
  readonly endpoints: readonly Endpoint[]
  /** Whether an endpoint was seen to accept a connection, as itself or as the stranger it was. */
  readonly isProven: (endpoint: Endpoint) => boolean
}

const made = new WeakMap<HealthService, Endpoint>()

/**
 * Instances that templates know and the registry's snapshot does not have: templates may be told a
 * moment earlier, and may ask other datacenters. They too are to be seen accepting a connection
 * before they get requests, and what was seen then still counts when the snapshot has them.
 */
export class Strangers {
  #last = new Map<string, Endpoint>()
  /** By address: identity of the endpoint that took over from a stranger that was proven. */
  readonly #heirs = new Map<string, string>()

  meet(
    { services }: Snapshot,
    answers: Iterable<readonly HealthService[]>,
    hasAccepted: (endpoint: Endpoint) => boolean,
  ): Known {
    const own = [...services.values()].flatMap(({ endpoints }) => endpoints)
    const byAddress = new Map(own.map((each) => [addressOf(each), each]))
    const strangers = new Map<string, Endpoint>()
    for (const answer of answers) {
      for (const record of answer) {
        const address = `${record.Address}:${record.Port}`
        if (!byAddress.has(address)) strangers.set(address, strangerOf(record))
      }
    }
    for (const [address, stranger] of this.#last) {
      const heir = byAddress.get(address)
      if (heir !== undefined && hasAccepted(stranger)) this.#heirs.set(address, heir.identity)
    }
    for (const address of this.#heirs.keys()) {
      if (!byAddress.has(address)) this.#heirs.delete(address)
    }
    this.#last = strangers
    const endpoints = strangers.size === 0 ? own : [...own, ...strangers.values()]
    const isHeir = (endpoint: Endpoint): boolean =>
      this.#heirs.size > 0 && this.#heirs.get(addressOf(endpoint)) === endpoint.identity
    return { endpoints, isProven: (endpoint) => hasAccepted(endpoint) || isHeir(endpoint) }
  }
}

/** How an endpoint is known in a text: `10.0.0.1:80`, `::1:80`. */
export function addressOf({ address, port }: Pick<Endpoint, 'address' | 'port'>): string {
  return `${address}:${port}`
}

/** The same object for the same record: what is learnt of it is kept by it. */
function strangerOf(record: HealthService): Endpoint {
  const known = made.get(record)
  if (known !== undefined) return known
  const id = `${record.Node}/${record.ID}`
  const stranger: Endpoint = {
    id,
    service: record.Name,
    node: record.Node,
    address: record.Address,
    port: record.Port,
    exposedPort: record.Port,
    protocol: 'tcp',
    tags: record.Tags,
    meta: {},
    labels: {},
    health: 'passing',
    healthReason: '',
    isHealthReported: record.Checks.some(({ ServiceID }) => ServiceID !== ''),
    draining: undefined,
    identity: id,
    startedAtMs: 0,
  }
  made.set(record, stranger)
  return stranger
}
