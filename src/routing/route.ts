import type { Route, RoutingInput, RoutingResult } from './contract.ts'
import { chooseDefault } from './default-service.ts'
import { hostTable } from './hosts.ts'
import { nextMemory } from './memory.ts'
import { place } from './place.ts'
import { renderConfig } from './render/config.ts'
import { mapPaths, renderDefaultMap, renderHostMap } from './render/maps.ts'
import { type RoutedService, routedServices } from './routed-service.ts'

/**
 * From a snapshot to what HAProxy is to be: which endpoints are routed, under which hosts, in which
 * state, and the configuration that says so. Pure: the same input gives the same result, and nothing
 * but `memory` goes from one run to the next. Never throws for what a label, name or word says.
 *
 * Its cost follows the change: what was read from an unchanged candidate or endpoint is kept.
 */
export function route(input: RoutingInput): RoutingResult {
  const { settings, memory, nowMs } = input
  const placed = place(input)
  const routed = routedServices(placed.members, memory, nowMs, settings.goneServiceMs)
  const { services } = routed
  const table = hostTable(services, settings.domain, memory.hosts, nowMs)
  const { defaultService: wanted } = settings
  const chosen = chooseDefault(services, wanted, memory.defaultService, nowMs)
  const maps = mapPaths(settings.paths.maps)
  return {
    desired: {
      config: renderConfig(settings, services, table.byService),
      files: new Map([
        [maps.hosts, renderHostMap(table.holders)],
        [maps.fallback, renderDefaultMap(chosen.service)],
      ]),
      servers: placed.admins,
    },
    memory: nextMemory(services, table, chosen.service, memory),
    problems: [...placed.problems, ...routed.problems, ...table.problems, ...chosen.problems],
    routes: services.map((service) => routeOf(service, table.byService, chosen.service)),
    placements: placed.placements,
    unproven: placed.unproven,
    nextRunAtMs: nextRun(services, settings.goneServiceMs, [
      table.nextChangeMs,
      chosen.nextChangeMs,
    ]),
  }
}

function routeOf(
  service: RoutedService,
  hosts: ReadonlyMap<string, readonly string[]>,
  defaultService: RoutedService | undefined,
): Route {
  return {
    service: service.name,
    backend: service.backend,
    hosts: hosts.get(service.name) ?? [],
    isDefault: service === defaultService,
    balance: service.labels.balance || 'roundrobin',
    isGone: service.emptySinceMs !== undefined,
  }
}

function nextRun(
  services: readonly RoutedService[],
  goneServiceMs: number,
  others: readonly (number | undefined)[],
): number | undefined {
  const times = others.filter((time) => time !== undefined)
  for (const { emptySinceMs } of services) {
    if (emptySinceMs !== undefined) times.push(emptySinceMs + goneServiceMs)
  }
  return times.length === 0 ? undefined : Math.min(...times)
}
