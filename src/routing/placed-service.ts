import type { AdminState } from '../model/desired-state.ts'
import type { Endpoint } from '../model/endpoint.ts'
import type { Problem } from '../model/problem.ts'
import type { Service } from '../model/snapshot.ts'
import { changedRange } from './changed-range.ts'
import type { OperatorWord, Placement, RoutingInput } from './contract.ts'
import { shownName } from './label-values.ts'
import { type Member, memberOf } from './member.ts'
import { routedPlacement, unroutedPlacement } from './placement.ts'
import { backendName, longestName } from './routed-service.ts'
import type { Selection } from './select.ts'
import type { Selections } from './selections.ts'

/** A service of the snapshot with what was decided about each of its endpoints. */
export type PlacedService = {
  readonly service: Service
  readonly outcomes: readonly Outcome[]
  /** The routed ones, in the order of the endpoints. */
  readonly members: readonly Member[]
  /** `backend/server` of those that are not ready. */
  readonly admins: readonly (readonly [string, AdminState])[]
  readonly problems: readonly Problem[]
  /** Routed, but not yet seen to accept a connection. */
  readonly unproven: readonly Endpoint[]
}

type Outcome = {
  /** The endpoint's. */
  readonly id: string
  readonly hasAccepted: boolean
  readonly word: OperatorWord | undefined
  readonly member: Member | undefined
  readonly placement: Placement
  readonly problem: Problem | undefined
}

/**
 * Decides about the endpoints of a service. What is the same as before is taken over; when all of it
 * is, the result is the same object, which is what later steps skip work by.
 */
export function placeService(
  before: PlacedService | undefined,
  service: Service,
  selections: Selections,
  { words, hasAccepted }: Pick<RoutingInput, 'words' | 'hasAccepted'>,
): PlacedService {
  const { endpoints } = service
  const { start, endBefore, endAfter } = changedRange(before?.service.endpoints ?? [], endpoints)
  const shift = endBefore - endAfter
  let isSame = before !== undefined && start === endBefore && start === endAfter
  const outcomes = endpoints.map((endpoint, index): Outcome => {
    const isKnown = index < start || index >= endAfter
    const known = isKnown ? before?.outcomes[index < start ? index : index + shift] : undefined
    const accepted = hasAccepted(endpoint)
    const word = words.size === 0 ? undefined : words.get(endpoint.id)
    if (
      known !== undefined &&
      known.hasAccepted === accepted &&
      known.word === word &&
      (selections.touched.size === 0 || !selections.touched.has(endpoint.id))
    ) {
      return known
    }
    isSame = false
    const selection = selections.byEndpoint.get(endpoint.id) ?? unknown
    return decide(endpoint, selection, word, accepted)
  })
  if (isSame && before !== undefined) {
    return before.service === service ? before : { ...before, service }
  }
  return collect(service, outcomes)
}

const shorten = 'give the container a shorter name, or a service name with SERVICE_NAME'
const unknown = stopped('nothing that was seen has it', '')

function decide(
  endpoint: Endpoint,
  selection: Selection,
  word: OperatorWord | undefined,
  hasAccepted: boolean,
): Outcome {
  const out = { id: endpoint.id, hasAccepted, word, member: undefined, problem: undefined }
  if (!selection.isRouted) return { ...out, placement: unroutedPlacement(selection) }
  const member = memberOf(endpoint, selection, word, hasAccepted)
  const backend = backendName(endpoint.service)
  if (Math.max(backend.length, member.server.length) > longestName) {
    const what = `its name is longer than the ${longestName} characters that HAProxy is given`
    const problem = { where: `service ${shownName(endpoint.service)}`, what, hint: shorten }
    return { ...out, problem, placement: unroutedPlacement(stopped(what, shorten)) }
  }
  return { ...out, member, placement: routedPlacement(member, backend) }
}

function stopped(what: string, hint: string): Selection {
  return { isRouted: false, decisions: [{ step: 'route', outcome: 'stop', what, hint }] }
}

function collect(service: Service, outcomes: readonly Outcome[]): PlacedService {
  const members: Member[] = []
  const admins: [string, AdminState][] = []
  const problems: Problem[] = []
  const unproven: Endpoint[] = []
  const backend = backendName(service.name)
  for (const { member, problem, hasAccepted } of outcomes) {
    if (problem !== undefined) problems.push(problem)
    if (member === undefined) continue
    members.push(member)
    if (!hasAccepted) unproven.push(member.endpoint)
    if (member.admin !== 'ready') admins.push([`${backend}/${member.server}`, member.admin])
  }
  return { service, outcomes, members, admins, problems, unproven }
}
