import type { AdminState } from '../../model/desired-state.ts'
import type { Endpoint } from '../../model/endpoint.ts'
import type { Decision } from '../../model/problem.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import type { OperatorWord, Placement, Route, RoutingInput } from '../../routing/contract.ts'
import type { LocatedServer, ServerWish } from './rendered-text.ts'
import { addressOf } from './strangers.ts'
import type { Known } from './strangers.ts'

/** What is wanted of the servers of a text, beside what it says itself. */
export type Wishes = {
  readonly byServer: ReadonlyMap<LocatedServer, ServerWish>
  /** Endpoints in the text that nobody has seen to accept a connection yet. */
  readonly unproven: readonly Endpoint[]
}

type Input = Pick<RoutingInput, 'words'> & Known

/**
 * An endpoint is found in a text by its address. What an operator says about it counts; one that
 * nobody has seen to accept a connection yet waits in maintenance, as in built-in routing.
 */
export function wishesFor(input: Input, servers: readonly LocatedServer[]): Wishes {
  const byAddress = serversByAddress(servers)
  const byServer = new Map<LocatedServer, ServerWish>()
  const unproven: Endpoint[] = []
  for (const endpoint of input.endpoints) {
    const word = input.words.get(endpoint.id)
    const isProven = input.isProven(endpoint)
    if (word === undefined && isProven) continue
    const own = byAddress.get(addressOf(endpoint))
    if (own === undefined) continue
    if (!isProven) unproven.push(endpoint)
    for (const server of own) byServer.set(server, wishFor(server, word, isProven))
  }
  return { byServer, unproven }
}

function wishFor(
  { isDisabled }: LocatedServer,
  word: OperatorWord | undefined,
  isProven: boolean,
): ServerWish {
  const admin = word?.state ?? (isDisabled || !isProven ? 'maint' : 'ready')
  return { admin, weight: word?.weight }
}

/** `backend/server` → admin state, of those that are not ready. */
export function adminStates(
  servers: readonly LocatedServer[],
  wishes: ReadonlyMap<LocatedServer, ServerWish>,
): ReadonlyMap<string, AdminState> {
  const states = new Map<string, AdminState>()
  for (const server of servers) {
    const admin = wishes.get(server)?.admin ?? (server.isDisabled ? 'maint' : 'ready')
    if (admin !== 'ready') states.set(`${server.backend}/${server.server}`, admin)
  }
  return states
}

/** Where each endpoint is in the text, if it is; the first place of several. By endpoint id. */
export function placementsOf(
  input: Input,
  servers: readonly LocatedServer[],
  { byServer }: Wishes,
  template: string,
): ReadonlyMap<string, Placement> {
  const byAddress = serversByAddress(servers)
  const placements = new Map<string, Placement>()
  for (const endpoint of input.endpoints) {
    const [server] = byAddress.get(addressOf(endpoint)) ?? []
    const placement =
      server === undefined
        ? absent(endpoint, template)
        : placed(server, byServer.get(server), input.words.get(endpoint.id), template)
    placements.set(endpoint.id, placement)
  }
  return placements
}

function absent(endpoint: Endpoint, template: string): Placement {
  const what = `${addressOf(endpoint)} is not in the template's output`
  const hint = `${template} decides what is balanced`
  const decision: Decision = { step: 'template', outcome: 'stop', what, hint }
  return { isRouted: false, decisions: [decision] }
}

function placed(
  server: LocatedServer,
  wish: ServerWish | undefined,
  word: OperatorWord | undefined,
  template: string,
): Placement {
  const what = `in line ${server.line} of the output of ${template}`
  const admin = wish?.admin ?? (server.isDisabled ? 'maint' : 'ready')
  return {
    isRouted: true,
    backend: server.backend,
    server: server.server,
    admin,
    weight: wish?.weight ?? 1,
    reason: reasonFor(server, admin, word),
    decisions: [{ step: 'template', outcome: 'ok', what }],
  }
}

function reasonFor(
  { isDisabled }: LocatedServer,
  admin: AdminState,
  word: OperatorWord | undefined,
): string {
  if (admin === 'ready') return ''
  if (word?.state === 'maint') return 'an operator took it out (maint)'
  if (word?.state === 'drain') return 'an operator drains it'
  return isDisabled ? 'the template says disabled' : 'not yet seen to accept a connection'
}

/** One for each service of which an endpoint is in the text. */
export function routesOf(
  { services }: Snapshot,
  placements: ReadonlyMap<string, Placement>,
): readonly Route[] {
  return [...services.values()].flatMap(({ name, endpoints }) => {
    for (const { id } of endpoints) {
      const placement = placements.get(id)
      if (placement?.isRouted !== true) continue
      const { backend } = placement
      return [{ service: name, backend, hosts: [], isDefault: false, balance: '', isGone: false }]
    }
    return []
  })
}

function serversByAddress(
  servers: readonly LocatedServer[],
): ReadonlyMap<string, readonly LocatedServer[]> {
  const byAddress = new Map<string, LocatedServer[]>()
  for (const server of servers) {
    const known = byAddress.get(server.address)
    if (known === undefined) byAddress.set(server.address, [server])
    else known.push(server)
  }
  return byAddress
}
