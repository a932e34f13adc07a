import { isIP } from 'node:net'
import type { Problem } from '../../model/problem.ts'
import type { NetworkRef } from '../../networks/contract.ts'
import type { Inspect } from './docker-types.ts'
import type { MappingContext } from './mapping-context.ts'
import { publishHint, quoted } from './names.ts'

export type NetworkChoice =
  | { readonly kind: 'chosen'; readonly network: NetworkRef; readonly address: string }
  /** HAProxy is being attached to it. */
  | { readonly kind: 'joining'; readonly network: NetworkRef; readonly why: string }
  /** On no network that HAProxy reaches; the one that would be taken is named where there is one. */
  | {
      readonly kind: 'unreachable'
      readonly network: NetworkRef | undefined
      readonly because: Problem
    }
  /** The label names a network that the container is not on. */
  | { readonly kind: 'refused'; readonly because: Problem }

type Attachment = {
  readonly name: string
  readonly id: string
  readonly address: string
  /** Why HAProxy cannot reach it; empty when it can. */
  readonly obstacle: string
  readonly hint: string
  /** The obstacle is being removed. */
  readonly isJoining: boolean
}

/**
 * Which network's address is used: the one the label names, the one the setting names, one that
 * HAProxy reaches, one that it can be attached to (the container's own NetworkMode network first),
 * then by name. Never by chance.
 */
export function chooseNetwork(
  inspect: Inspect,
  labelled: string | undefined,
  context: MappingContext,
  where: string,
): NetworkChoice {
  const attached = attachmentsOf(inspect, context)
  const named = attached.find((each) => isCalled(each, labelled))
  if (labelled !== undefined && named === undefined) {
    return { kind: 'refused', because: notAttached(attached, labelled, where) }
  }
  const preferred = attached.find((each) => isCalled(each, context.network))
  const first =
    named ??
    preferred ??
    attached.find((each) => each.obstacle === '') ??
    attached.find((each) => each.isJoining) ??
    attached[0]
  if (first === undefined) {
    return {
      kind: 'unreachable',
      network: undefined,
      because: {
        where,
        what: 'has no address on any network',
        hint: 'docker network connect <network> <container>',
      },
    }
  }
  const network = { id: first.id, name: first.name }
  if (first.obstacle === '') return { kind: 'chosen', network, address: first.address }
  if (first.isJoining) return { kind: 'joining', network, why: first.obstacle }
  return {
    kind: 'unreachable',
    network,
    because: { where, what: first.obstacle, hint: first.hint },
  }
}

/** NetworkMode's network first, the others by name; those without an address are left out. */
function attachmentsOf(inspect: Inspect, context: MappingContext): Attachment[] {
  const mode = inspect.HostConfig?.NetworkMode ?? ''
  const own = mode === 'default' || mode === '' ? 'bridge' : mode
  const found: Attachment[] = []
  for (const [name, endpoint] of Object.entries(inspect.NetworkSettings?.Networks ?? {})) {
    const id = endpoint?.NetworkID ?? ''
    const address = endpoint?.IPAddress || endpoint?.GlobalIPv6Address || ''
    if (isIP(address) === 0) continue
    const driver = context.networks.get(id)?.driver ?? ''
    found.push({ name, id, address, ...obstacleOf({ id, name }, driver, context) })
  }
  const rank = (each: Attachment): number => (each.name === own || each.id === own ? 0 : 1)
  return found.sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1))
}

type Reachability = Pick<Attachment, 'obstacle' | 'hint' | 'isJoining'>

function obstacleOf(network: NetworkRef, driver: string, context: MappingContext): Reachability {
  if (context.areAllNetworksReached === true) return reached
  if (context.reachOf === undefined) {
    return { ...fixedObstacle(network.name, driver, context), isJoining: false }
  }
  const reach = context.reachOf(network)
  if (reach.kind === 'reached') return reached
  if (reach.kind === 'joining') return { obstacle: reach.why, hint: '', isJoining: true }
  return { obstacle: reach.what, hint: reach.hint, isJoining: false }
}

const reached: Reachability = { obstacle: '', hint: '', isJoining: false }

/** Where HAProxy's networks are not followed. */
function fixedObstacle(
  name: string,
  driver: string,
  context: MappingContext,
): { obstacle: string; hint: string } {
  const fine = { obstacle: '', hint: '' }
  const publish = publishHint(context, 'PORT')
  if (context.haproxyNetworks !== undefined) {
    if (context.haproxyNetworks.has(name)) return fine
    return {
      obstacle: `HAProxy is not on network ${quoted(name)}`,
      hint: `docker network connect ${name} <haproxy's container>, or ${publish}`,
    }
  }
  if (['overlay', 'macvlan', 'ipvlan', 'null'].includes(driver)) {
    return {
      obstacle: `network ${quoted(name)} (${driver}) cannot be reached from a HAProxy that runs as a process of this machine`,
      hint: `${publish}, or connect it to a bridge network`,
    }
  }
  if (!context.isLocalDaemon) {
    return {
      obstacle: `network ${quoted(name)} of the remote host ${context.node} cannot be reached from here`,
      hint: publish,
    }
  }
  if (!context.hasReachableBridges) {
    return {
      obstacle: `container addresses of this Docker (Desktop or rootless) cannot be reached from here`,
      hint: publish,
    }
  }
  return fine
}

function isCalled(each: Attachment, name: string | undefined): boolean {
  return name !== undefined && (each.name === name || each.id === name)
}

function notAttached(attached: readonly Attachment[], name: string, where: string): Problem {
  const names = attached.map((each) => quoted(each.name)).join(', ')
  return {
    where,
    what: `label fairlead.network names ${quoted(name)}, a network it has no address on`,
    hint: names === '' ? 'it is on no network' : `it is on ${names}`,
  }
}
