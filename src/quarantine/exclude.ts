import type { Endpoint } from '../model/endpoint.ts'
import type { Service, Snapshot } from '../model/snapshot.ts'
import type { RoutingInput } from '../routing/contract.ts'

type Excluded = { readonly ids: ReadonlySet<string>; readonly service: Service }

const known = new WeakMap<Service, Excluded>()

/**
 * The same input as if these endpoints were not there. Services without one of them stay the same
 * objects, and others as long as the same are left out. A service that loses all is forgotten, since
 * what is remembered of it comes from them.
 */
export function excluding(input: RoutingInput, ids: ReadonlySet<string>): RoutingInput {
  if (ids.size === 0) return input
  const { snapshot, memory } = input
  const services = new Map<string, Service>()
  const lost = new Set<string>()
  for (const [name, service] of snapshot.services) {
    const rest = without(service, ids)
    services.set(name, rest)
    if (rest.endpoints.length === 0 && service.endpoints.length > 0) lost.add(name)
  }
  const candidates = snapshot.candidates.filter(
    ({ endpoints }) => endpoints.length === 0 || endpoints.some(({ id }) => !ids.has(id)),
  )
  const kept = Object.entries(memory.services).filter(([name]) => !lost.has(name))
  return {
    ...input,
    snapshot: { ...snapshot, services, candidates } satisfies Snapshot,
    memory: lost.size === 0 ? memory : { ...memory, services: Object.fromEntries(kept) },
  }
}

function without(service: Service, ids: ReadonlySet<string>): Service {
  const endpoints: readonly Endpoint[] = service.endpoints.filter(({ id }) => !ids.has(id))
  if (endpoints.length === service.endpoints.length) return service
  const last = known.get(service)
  if (last?.ids === ids) return last.service
  const rest = { ...service, endpoints }
  known.set(service, { ids, service: rest })
  return rest
}
