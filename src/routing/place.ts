import type { AdminState } from '../model/desired-state.ts'
import type { Endpoint } from '../model/endpoint.ts'
import type { Problem } from '../model/problem.ts'
import type { Service } from '../model/snapshot.ts'
import type { OperatorWord, Placement, RoutingInput, RoutingSettings } from './contract.ts'
import { type PlacedService, placeService } from './placed-service.ts'
import { noSelections, type Selections, selectAll, selectionProblems } from './selections.ts'

/** Which endpoints are routed, and in which state their servers are to be. */
export type Placed = {
  /** By name, in the order of the snapshot; also those without a routed endpoint. */
  readonly services: ReadonlyMap<string, PlacedService>
  /** Only servers that are not ready. */
  readonly admins: ReadonlyMap<string, AdminState>
  readonly problems: readonly Problem[]
  readonly unproven: readonly Endpoint[]
}

/**
 * What one run leaves to the next. Only a shortcut: everything in it is compared with the input
 * before it is used, so that the result is the same without. One run takes it over, and then it is
 * worth nothing to any other.
 */
export type PlaceMemo = {
  readonly mode: RoutingSettings['routeMode']
  readonly selections: Selections
  readonly words: ReadonlyMap<string, OperatorWord>
  readonly services: ReadonlyMap<string, PlacedService>
}

export function place(
  input: RoutingInput,
  before: PlaceMemo | undefined,
): { readonly placed: Placed; readonly memo: PlaceMemo } {
  const { snapshot, settings, words, hasAccepted } = input
  const mode = settings.routeMode
  const known = before?.mode === mode ? before : undefined
  const selections = selectAll(known?.selections ?? noSelections, snapshot.candidates, mode)
  const context = { words, hasAccepted, selections }
  const staleIn = staleness(selections, known?.words ?? words, words)
  const services = new Map<string, PlacedService>()
  const admins = new Map<string, AdminState>()
  const problems = selectionProblems(selections)
  const unproven: Endpoint[] = []
  for (const service of snapshot.services.values()) {
    const { name } = service
    const placed = placeService(known?.services.get(name), service, staleIn(service), context)
    services.set(name, placed)
    for (const [server, admin] of placed.admins) admins.set(server, admin)
    if (placed.problems.length > 0) problems.push(...placed.problems)
    if (placed.unproven.length > 0) unproven.push(...placed.unproven)
  }
  return {
    placed: { services, admins, problems, unproven },
    memo: { mode, selections, words, services },
  }
}

const nothing: ReadonlySet<string> = new Set()

/** Which endpoints of a service may be decided about otherwise, though they are the same objects. */
function staleness(
  { touched, touchedServices }: Selections,
  wordsBefore: ReadonlyMap<string, OperatorWord>,
  words: ReadonlyMap<string, OperatorWord>,
): (service: Service) => ReadonlySet<string> {
  const spoken = differing(wordsBefore, words)
  if (spoken.size === 0 && touchedServices !== undefined) {
    return ({ name }) => (touchedServices.has(name) ? touched : nothing)
  }
  const all = new Set([...touched, ...spoken])
  return () => all
}

/** Ids about which the operator says another thing than before. */
function differing(
  before: ReadonlyMap<string, OperatorWord>,
  after: ReadonlyMap<string, OperatorWord>,
): ReadonlySet<string> {
  if (before === after) return nothing
  const ids = new Set<string>()
  for (const [id, word] of after) if (before.get(id) !== word) ids.add(id)
  for (const id of before.keys()) if (!after.has(id)) ids.add(id)
  return ids
}

/** By endpoint id. */
export function placementsOf(services: Iterable<PlacedService>): Map<string, Placement> {
  const placements = new Map<string, Placement>()
  for (const { pieces } of services) {
    for (const piece of pieces) {
      for (const [index, placement] of piece.placements.entries()) {
        placements.set(piece.endpoints[index]?.id ?? '', placement)
      }
    }
  }
  return placements
}
