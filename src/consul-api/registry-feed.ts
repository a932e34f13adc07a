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
    // What moved from one service to another comes first: nothing that is still there is removed.
    const gone: Service['endpoints'][number][] = []
    for (const [name, known] of before) {
      const now = services.get(name)
      if (now === known) continue
      const ids = new Set(now?.endpoints.map(({ node, id }) => `${node}\0${id}`))
      gone.push(...known.endpoints.filter(({ node, id }) => !ids.has(`${node}\0${id}`)))
    }
    for (const [name, service] of services) {
      const known = before.get(name)
      if (known === service) continue
      const same = new Set(known?.endpoints)
      for (const endpoint of service.endpoints) {
        if (same.has(endpoint) || isRegistered(endpoint)) continue
        this.#catalog.put(instanceOfEndpoint(endpoint))
      }
    }
    for (const endpoint of gone) {
      if (isRegistered(endpoint)) continue
      const entry = this.#catalog.get(endpoint.node, endpoint.id)
      if (entry?.instance.service === endpoint.service) {
        this.#catalog.remove(endpoint.node, endpoint.id)
      }
    }
  }
}
