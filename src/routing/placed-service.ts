import type { AdminState } from '../model/desired-state.ts'
import type { Endpoint } from '../model/endpoint.ts'
import type { Problem } from '../model/problem.ts'
import type { Service } from '../model/snapshot.ts'
import { backendName } from './backend-name.ts'
import type { RoutingInput } from './contract.ts'
import type { Member } from './member.ts'
import { type Piece, placePiece } from './piece.ts'
import { cut } from './pieces.ts'
import type { Selections } from './selections.ts'

/** A service of the snapshot with what was decided about each of its endpoints. */
export type PlacedService = {
  readonly service: Service
  /** In the order of the endpoints. */
  readonly pieces: readonly Piece[]
  /** How many of the endpoints are routed. */
  readonly memberCount: number
  /** `backend/server` of those that are not ready. */
  readonly admins: readonly (readonly [string, AdminState])[]
  readonly problems: readonly Problem[]
  /** Routed, but not yet seen to accept a connection. */
  readonly unproven: readonly Endpoint[]
}

export type PlaceContext = Pick<RoutingInput, 'words' | 'hasAccepted'> & {
  readonly selections: Selections
}

/**
 * Decides about the endpoints of a service. What is the same as before is taken over; when all of it
 * is, the result is the same object, which is what later steps skip work by. `stale`: ids of
 * endpoints about which something else than the endpoint itself may have changed.
 */
export function placeService(
  before: PlacedService | undefined,
  service: Service,
  stale: ReadonlySet<string>,
  context: PlaceContext,
): PlacedService {
  if (before?.service === service && stale.size === 0 && isSettled(before, context)) return before
  const backend = backendName(service.name)
  const place = (endpoints: readonly Endpoint[]): Piece => placePiece(backend, endpoints, context)
  const { head, replaced, fresh, tail } = cut(
    before?.pieces ?? [],
    before?.service.endpoints ?? [],
    service.endpoints,
  )
  // Not a copy of `stale` without these: that may hold the endpoints of all services.
  const done = new Set<string>()
  for (const endpoints of [...replaced.map((piece) => piece.endpoints), ...fresh])
    for (const { id } of endpoints) if (stale.has(id)) done.add(id)
  const isLeft = ({ id }: Endpoint): boolean => stale.has(id) && !done.has(id)
  const keep = (piece: Piece): Piece => {
    const isStale = done.size < stale.size && piece.endpoints.some(isLeft)
    return isStale || !isSettled(piece, context) ? place(piece.endpoints) : piece
  }
  const pieces = [...head.map(keep), ...fresh.map(place), ...tail.map(keep)]
  if (before?.service === service && pieces.every((piece, at) => piece === before.pieces[at])) {
    return before
  }
  return collect(service, pieces)
}

/** None of those that nobody had seen to accept a connection was seen to do so now. */
function isSettled(
  { unproven }: Pick<PlacedService, 'unproven'>,
  { hasAccepted }: PlaceContext,
): boolean {
  return unproven.length === 0 || !unproven.some(hasAccepted)
}

function collect(service: Service, pieces: readonly Piece[]): PlacedService {
  const admins: (readonly [string, AdminState])[] = []
  const problems: Problem[] = []
  const unproven: Endpoint[] = []
  let memberCount = 0
  for (const piece of pieces) {
    memberCount += piece.members.length
    if (piece.admins.length > 0) admins.push(...piece.admins)
    if (piece.problems.length > 0) problems.push(...piece.problems)
    if (piece.unproven.length > 0) unproven.push(...piece.unproven)
  }
  return { service, pieces, memberCount, admins, problems, unproven }
}

/** The routed endpoints, in the order of the endpoints. */
export function membersOf(pieces: readonly Piece[]): readonly Member[] {
  return pieces.flatMap(({ members }) => members)
}
