import type { AdminState } from '../model/desired-state.ts'
import type { Problem } from '../model/problem.ts'
import type { Placement, Route, RoutingInput, RoutingResult } from './contract.ts'
import { chooseDefault } from './default-service.ts'
import { hostTable } from './hosts.ts'
import { shown } from './label-values.ts'
import { type Member, memberOf } from './member.ts'
import { nextMemory } from './memory.ts'
import { routedPlacement, unroutedPlacement } from './placement.ts'
import { renderConfig } from './render/config.ts'
import { mapPaths, renderDefaultMap, renderHostMap } from './render/maps.ts'
import { backendName, longestName, type RoutedService, routedServices } from './routed-service.ts'
import { type Selection, selectOf } from './select.ts'

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
    nextRunAtMs: nextRun(services, settings.goneServiceMs, [
      table.nextChangeMs,
      chosen.nextChangeMs,
    ]),
  }
}

type Placed = {
  readonly members: ReadonlyMap<string, readonly Member[]>
  readonly placements: ReadonlyMap<string, Placement>
  /** Only servers that are not ready. */
  readonly admins: ReadonlyMap<string, AdminState>
  readonly problems: readonly Problem[]
}

function place(input: RoutingInput): Placed {
  const { snapshot, words, hasAccepted } = input
  const { selections, problems } = selectAll(input)
  const members = new Map<string, Member[]>()
  const placements = new Map<string, Placement>()
  const admins = new Map<string, AdminState>()
  for (const service of snapshot.services.values()) {
    const backend = backendName(service.name)
    const present: Member[] = []
    for (const endpoint of service.endpoints) {
      const selection = selections.get(endpoint.id) ?? unknown
      if (!selection.isRouted) {
        placements.set(endpoint.id, unroutedPlacement(selection))
        continue
      }
      const member = memberOf(endpoint, selection, words.get(endpoint.id), hasAccepted(endpoint))
      const tooLong = longNameReason(backend, member.server)
      if (tooLong !== '') {
        problems.push({ where: `service ${shown(service.name)}`, what: tooLong, hint: shorten })
        placements.set(endpoint.id, unroutedPlacement(stopped(tooLong, shorten)))
        continue
      }
      present.push(member)
      placements.set(endpoint.id, routedPlacement(member, backend))
      if (member.admin !== 'ready') admins.set(`${backend}/${member.server}`, member.admin)
    }
    if (present.length > 0) members.set(service.name, present)
  }
  return { members, placements, admins, problems }
}

const shorten = 'give the container a shorter name, or a service name with SERVICE_NAME'
const unknown = stopped('nothing that was seen has it', '')

function stopped(what: string, hint: string): Selection {
  return { isRouted: false, decisions: [{ step: 'route', outcome: 'stop', what, hint }] }
}

function longNameReason(backend: string, server: string): string {
  if (Math.max(backend.length, server.length) <= longestName) return ''
  return `its name is longer than the ${longestName} characters that HAProxy is given`
}

/** The decision about each endpoint of each candidate, by endpoint id. */
function selectAll({ snapshot, settings }: RoutingInput): {
  selections: Map<string, Selection>
  problems: Problem[]
} {
  const selections = new Map<string, Selection>()
  const problems: Problem[] = []
  for (const candidate of snapshot.candidates) {
    const { byEndpoint, problems: found } = selectOf(candidate, settings.routeMode)
    for (const [id, selection] of byEndpoint) selections.set(id, selection)
    if (found.length > 0) problems.push(...found)
  }
  return { selections, problems }
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
