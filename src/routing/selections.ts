import type { Candidate } from '../model/candidate.ts'
import type { Problem } from '../model/problem.ts'
import { changedRange } from './changed-range.ts'
import type { RoutingSettings } from './contract.ts'
import { type CandidateSelection, type Selection, selectOf } from './select.ts'

/** The decision about each endpoint of each candidate. */
export type Selections = {
  readonly candidates: readonly Candidate[]
  readonly list: readonly CandidateSelection[]
  readonly byEndpoint: Map<string, Selection>
  /** Endpoint ids about which something may have changed since the selections before. */
  readonly touched: ReadonlySet<string>
  /** Services of the touched endpoints; undefined where it may be any. */
  readonly touchedServices: ReadonlySet<string> | undefined
  /** How many endpoints all candidates have together, those of one id counted apart. */
  readonly endpointCount: number
}

export const noSelections: Selections = {
  candidates: [],
  list: [],
  byEndpoint: new Map(),
  touched: new Set(),
  touchedServices: new Set(),
  endpointCount: 0,
}

/**
 * Decides about all candidates; about those that are the same objects as before, nothing is done.
 * Takes `before` over: its map becomes the result's.
 */
export function selectAll(
  before: Selections,
  candidates: readonly Candidate[],
  mode: RoutingSettings['routeMode'],
): Selections {
  const { start, endBefore, endAfter } = changedRange(before.candidates, candidates)
  const touched = new Set<string>()
  const touchedServices = new Set<string>()
  const touch = (candidate: Candidate): void => {
    for (const { id, service } of candidate.endpoints) {
      touched.add(id)
      touchedServices.add(service)
    }
  }
  let { endpointCount } = before
  const byEndpoint = before === noSelections ? new Map<string, Selection>() : before.byEndpoint
  before.candidates.slice(start, endBefore).forEach(touch)
  candidates.slice(start, endAfter).forEach(touch)
  for (const old of before.list.slice(start, endBefore)) {
    endpointCount -= old.byEndpoint.size
    for (const id of old.byEndpoint.keys()) byEndpoint.delete(id)
  }
  const added = candidates.slice(start, endAfter).map((candidate) => selectOf(candidate, mode))
  for (const selection of added) {
    endpointCount += selection.byEndpoint.size
    for (const [id, each] of selection.byEndpoint) byEndpoint.set(id, each)
  }
  const list = [...before.list.slice(0, start), ...added, ...before.list.slice(endBefore)]
  if (byEndpoint.size === endpointCount) {
    return { candidates, list, byEndpoint, touched, touchedServices, endpointCount }
  }
  return allAnew(candidates, list, touched)
}

/** Two candidates claim one endpoint: the later one decides, whichever of them changed last. */
function allAnew(
  candidates: readonly Candidate[],
  list: readonly CandidateSelection[],
  before: ReadonlySet<string>,
): Selections {
  const byEndpoint = new Map<string, Selection>()
  let endpointCount = 0
  for (const selection of list) {
    endpointCount += selection.byEndpoint.size
    for (const [id, each] of selection.byEndpoint) byEndpoint.set(id, each)
  }
  const touched = new Set([...before, ...byEndpoint.keys()])
  return { candidates, list, byEndpoint, touched, touchedServices: undefined, endpointCount }
}

/** What is wrong with labels and ports, in the order of the candidates. */
export function selectionProblems(selections: Selections): Problem[] {
  const problems: Problem[] = []
  for (const selection of selections.list) {
    if (selection.problems.length > 0) problems.push(...selection.problems)
  }
  return problems
}
