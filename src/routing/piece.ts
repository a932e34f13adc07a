import type { AdminState } from '../model/desired-state.ts'
import type { Endpoint } from '../model/endpoint.ts'
import type { Problem } from '../model/problem.ts'
import { longestName } from './backend-name.ts'
import type { OperatorWord, Placement, RoutingInput } from './contract.ts'
import { shownName } from './label-values.ts'
import type { Labels } from './labels.ts'
import { type Member, memberOf } from './member.ts'
import { routedPlacement, unroutedPlacement } from './placement.ts'
import type { Stretch } from './pieces.ts'
import type { Selection } from './select.ts'
import type { Selections } from './selections.ts'

/** What was decided about a stretch of a service's endpoints. */
export type Piece = Stretch & {
  /** One for each endpoint, in their order. */
  readonly placements: readonly Placement[]
  /** The routed ones. */
  readonly members: readonly Member[]
  /** `backend/server` of those that are not ready. */
  readonly admins: readonly (readonly [string, AdminState])[]
  readonly problems: readonly Problem[]
  /** Routed, but not yet seen to accept a connection. */
  readonly unproven: readonly Endpoint[]
  /** Labels of a routed one, if all have the same for the whole service. */
  readonly labels: Labels | undefined
  /** When the oldest of the routed ones started; Infinity without one. */
  readonly oldestStartMs: number
}

type Context = Pick<RoutingInput, 'words' | 'hasAccepted'> & { readonly selections: Selections }

/** Decides about each of the endpoints. */
export function placePiece(
  backend: string,
  endpoints: readonly Endpoint[],
  { selections, words, hasAccepted }: Context,
): Piece {
  const placements: Placement[] = []
  const members: Member[] = []
  let admins: [string, AdminState][] = none
  let problems: Problem[] = none
  let unproven: Endpoint[] = none
  let oldestStartMs = Infinity
  let isUnanimous = true
  for (const endpoint of endpoints) {
    const accepted = hasAccepted(endpoint)
    const word = words.size === 0 ? undefined : words.get(endpoint.id)
    const selection = selections.byEndpoint.get(endpoint.id) ?? unknown
    const { placement, member, problem } = decide(backend, endpoint, selection, word, accepted)
    placements.push(placement)
    if (problem !== undefined) problems = [...problems, problem]
    if (member === undefined) continue
    members.push(member)
    isUnanimous &&= member.labels.signature === members[0]?.labels.signature
    oldestStartMs = Math.min(oldestStartMs, endpoint.startedAtMs)
    if (!accepted) unproven = [...unproven, endpoint]
    if (member.admin !== 'ready') {
      admins = [...admins, [`${backend}/${member.server}`, member.admin]]
    }
  }
  const labels = isUnanimous ? members[0]?.labels : undefined
  return { endpoints, placements, members, admins, problems, unproven, labels, oldestStartMs }
}

/** Shared: most pieces have none of these. */
const none: never[] = []

const shorten = 'give the container a shorter name, or a service name with SERVICE_NAME'
const unknown = stopped('nothing that was seen has it', '')

type Outcome = {
  readonly placement: Placement
  readonly member?: Member
  readonly problem?: Problem
}

function decide(
  backend: string,
  endpoint: Endpoint,
  selection: Selection,
  word: OperatorWord | undefined,
  hasAccepted: boolean,
): Outcome {
  if (!selection.isRouted) return { placement: unroutedPlacement(selection) }
  const member = memberOf(endpoint, selection, word, hasAccepted)
  if (Math.max(backend.length, member.server.length) > longestName) {
    const what = `its name is longer than the ${longestName} characters that HAProxy is given`
    const problem = { where: `service ${shownName(endpoint.service)}`, what, hint: shorten }
    return { problem, placement: unroutedPlacement(stopped(what, shorten)) }
  }
  return { member, placement: routedPlacement(member, backend) }
}

function stopped(what: string, hint: string): Selection {
  return { isRouted: false, decisions: [{ step: 'route', outcome: 'stop', what, hint }] }
}
