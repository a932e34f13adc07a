import type { RoutingMemory, ServiceMemory } from './contract.ts'
import type { HostTable } from './hosts.ts'
import { serviceKeys } from './labels.ts'
import { own, type RoutedService } from './routed-service.ts'

/** What the next run has to know of this one: plain JSON, `__proto__` and the like are only names. */
export function nextMemory(
  services: readonly RoutedService[],
  table: HostTable,
  defaultService: RoutedService | undefined,
  before: RoutingMemory,
): RoutingMemory {
  return {
    defaultService: defaultService?.name,
    hosts: hostsOf(table.holders),
    services: servicesOf(services, before.services),
  }
}

/** The same object as before where nothing changed. */
function servicesOf(
  services: readonly RoutedService[],
  before: RoutingMemory['services'],
): RoutingMemory['services'] {
  let isSame = services.length === Object.keys(before).length
  const remembered = services.map((service) => {
    const known = own(before, service.name)
    const next = rememberedAs(service, known)
    isSame &&= next === known
    return next
  })
  if (isSame) return before
  return Object.fromEntries(services.map(({ name }, at) => [name, remembered[at] as ServiceMemory]))
}

const hostsCache = new WeakMap<HostTable['holders'], Readonly<Record<string, string>>>()

function hostsOf(holders: HostTable['holders']): Readonly<Record<string, string>> {
  const hosts = hostsCache.get(holders) ?? Object.fromEntries(holders)
  hostsCache.set(holders, hosts)
  return hosts
}

/** The same object as before where nothing changed. */
function rememberedAs(service: RoutedService, before: ServiceMemory | undefined): ServiceMemory {
  const { emptySinceMs, firstRoutedMs, labels } = service
  if (
    before !== undefined &&
    before.emptySinceMs === emptySinceMs &&
    before.firstRoutedMs === firstRoutedMs &&
    serviceKeys.every((key) => (before.labels[key] ?? '') === labels[key])
  ) {
    return before
  }
  const given = serviceKeys.filter((key) => labels[key] !== '')
  return {
    labels: Object.fromEntries(given.map((key) => [key, labels[key]])),
    emptySinceMs,
    firstRoutedMs,
  }
}
