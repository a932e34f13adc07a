import type { Endpoint } from '../model/endpoint.ts'
import type { Service, Snapshot } from '../model/snapshot.ts'
import type { Catalog } from './catalog.ts'
import { instanceOfEndpoint } from './local-state.ts'
import { isRegistered } from './registrations.ts'

/**
 * Brings the containers of a registry's snapshots into the catalogue. Services that kept their
 * object are passed over, so that a sync costs what has changed. Registrations are put in by the
 * agent, which knows more of them.
 */
export class RegistryFeed {
  readonly #catalog: Catalog
  #services: ReadonlyMap<string, Service> = new Map()

  constructor(catalog: Catalog) {
    this.#catalog = catalog
  }

  take({ services }: Snapshot): void {
    const before = this.#services
    if (services === before) return
    this.#services = services
    const gone: Endpoint[] = []
    for (const name of new Set([...before.keys(), ...services.keys()])) {
      const known = before.get(name)
      const now = services.get(name)
      if (known === now) continue
      const come = without(now, known)
      const ids = new Set(come.map(keyOf))
      gone.push(...without(known, now).filter((endpoint) => !ids.has(keyOf(endpoint))))
      for (const endpoint of come) {
        if (!isRegistered(endpoint)) this.#catalog.put(instanceOfEndpoint(endpoint))
      }
    }
    // Last: what has moved to another service is there by now, and is not removed.
    for (const endpoint of gone) {
      if (isRegistered(endpoint)) continue
      const entry = this.#catalog.get(endpoint.node, endpoint.id)
      if (entry?.instance.service === endpoint.service) {
        this.#catalog.remove(endpoint.node, endpoint.id)
      }
    }
  }
}

/** The endpoints of one that the other does not have as they are. */
function without(service: Service | undefined, other: Service | undefined): readonly Endpoint[] {
  const known = new Set(other?.endpoints)
  return (service?.endpoints ?? []).filter((endpoint) => !known.has(endpoint))
}

function keyOf({ node, id }: Endpoint): string {
  return `${node}\0${id}`
}
