import type { DesiredState } from '../model/desired-state.ts'
import { lazy } from '../support/lazy.ts'
import type { Route, RoutingInput, RoutingResult, RoutingSettings } from './contract.ts'
import { chooseDefault } from './default-service.ts'
import { type HostTable, hostTable } from './hosts.ts'
import { nextMemory } from './memory.ts'
import { place, type PlaceMemo, placementsOf } from './place.ts'
import { renderSections } from './render/config.ts'
import { mapPaths, renderCheckMaps, renderDefaultMap, renderHostMap } from './render/maps.ts'
import { type RoutedService, routedServices } from './routed-service.ts'

/**
 * From a snapshot to what HAProxy is to be: which endpoints are routed, under which hosts, in which
 * state, and the configuration that says so. Pure: the same input gives the same result, and nothing
 * but `memory` goes from one run to the next. Never throws for what a label, name or word says.
 */
export function route(input: RoutingInput): RoutingResult {
  return createRouter()(input)
}

/**
 * A `route` that keeps what it found out about services, endpoints and texts, so that its cost
 * follows the change from one input to the next. The results are the same. What is expensive and
 * seldom looked at, the text and the placements, is made when it is first asked for; where nothing
 * of the desired state changed it is the same object.
 */
export function createRouter(): (input: RoutingInput) => RoutingResult {
  let memo: PlaceMemo | undefined
  let last: Rendered | undefined
  return (input) => {
    const { settings, memory, nowMs } = input
    const { placed, memo: next } = place(input, memo)
    memo = next
    const routed = routedServices(placed.services, memory, nowMs, settings.goneServiceMs)
    const { services } = routed
    const table = hostTable(services, settings.domain, memory.hosts, nowMs)
    const { defaultService: wanted } = settings
    const chosen = chooseDefault(services, wanted, memory.defaultService, nowMs)
    const fallback = chosen.service
    const parts: Parts = { settings, services, table, fallback }
    if (last === undefined || !isSame(parts, last.parts)) {
      last = { parts, desired: desiredOf(parts, placed.admins) }
    }
    const placements = lazy(() => placementsOf(placed.services.values()))
    return {
      desired: last.desired,
      memory: nextMemory(services, table, fallback, memory),
      problems: [...placed.problems, ...routed.problems, ...table.problems, ...chosen.problems],
      routes: services.map((service) => routeOf(service, table.byService, fallback)),
      get placements() {
        return placements()
      },
      unproven: placed.unproven,
      nextRunAtMs: nextRun(services, settings.goneServiceMs, [
        table.nextChangeMs,
        chosen.nextChangeMs,
      ]),
    }
  }
}

/** What a desired state is made of: equal objects mean an equal state. */
type Parts = {
  readonly settings: RoutingSettings
  readonly services: readonly RoutedService[]
  readonly table: HostTable
  readonly fallback: RoutedService | undefined
}

type Rendered = { readonly parts: Parts; readonly desired: DesiredState }

function isSame(a: Parts, b: Parts): boolean {
  return (
    a.settings === b.settings &&
    a.table === b.table &&
    a.fallback === b.fallback &&
    a.services.length === b.services.length &&
    a.services.every((service, at) => service === b.services[at])
  )
}

function desiredOf(parts: Parts, servers: DesiredState['servers']): DesiredState {
  const { settings, services, table, fallback } = parts
  const maps = mapPaths(settings.paths.maps)
  const { checks, checkHosts } = renderCheckMaps(services, table.byService)
  const sections = lazy(() => renderSections(settings, services))
  const config = lazy(() => sections().join(''))
  return {
    get config() {
      return config()
    },
    get sections() {
      return sections()
    },
    files: new Map([
      [maps.hosts, renderHostMap(table.holders)],
      [maps.fallback, renderDefaultMap(fallback)],
      [maps.checks, checks],
      [maps.checkHosts, checkHosts],
    ]),
    servers,
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
