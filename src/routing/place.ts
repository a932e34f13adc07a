import type { AdminState } from '../model/desired-state.ts'
import type { Endpoint } from '../model/endpoint.ts'
import type { Problem } from '../model/problem.ts'
import type { Placement, RoutingInput, RoutingSettings } from './contract.ts'
import type { Member } from './member.ts'
import { type PlacedService, placeService } from './placed-service.ts'
import { noSelections, type Selections, selectAll, selectionProblems } from './selections.ts'

/** Which endpoints are routed, and in which state their servers are to be. */
export type Placed = {
  /** By service; services without a routed endpoint are not there. */
  readonly members: ReadonlyMap<string, readonly Member[]>
  readonly placements: ReadonlyMap<string, Placement>
  /** Only servers that are not ready. */
  readonly admins: ReadonlyMap<string, AdminState>
  readonly problems: readonly Problem[]
  readonly unproven: readonly Endpoint[]
}

/**
 * What the last run with these settings found out. Only a shortcut: everything in it is compared
 * with the input before it is used, so that the result is the same without.
 */
type Known = { selections: Selections; services: ReadonlyMap<string, PlacedService> }
const knownBySettings = new WeakMap<RoutingSettings, Known>()

export function place(input: RoutingInput): Placed {
  const { snapshot, settings } = input
  const known = knownBySettings.get(settings)
  const before = known?.selections ?? noSelections
  const selections = selectAll(before, snapshot.candidates, settings.routeMode)
  const services = new Map<string, PlacedService>()
  const members = new Map<string, readonly Member[]>()
  const placements = new Map<string, Placement>()
  const admins = new Map<string, AdminState>()
  const problems = selectionProblems(selections)
  const unproven: Endpoint[] = []
  for (const service of snapshot.services.values()) {
    const placed = placeService(known?.services.get(service.name), service, selections, input)
    services.set(service.name, placed)
    for (const { id, placement } of placed.outcomes) placements.set(id, placement)
    if (placed.members.length > 0) members.set(service.name, placed.members)
    for (const [server, admin] of placed.admins) admins.set(server, admin)
    if (placed.problems.length > 0) problems.push(...placed.problems)
    for (const endpoint of placed.unproven) unproven.push(endpoint)
  }
  knownBySettings.set(settings, { selections, services })
  return { members, placements, admins, problems, unproven }
}
