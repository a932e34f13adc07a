import { isIP } from 'node:net'
import type { Problem } from '../../model/problem.ts'
import type { Inspect } from './docker-types.ts'
import type { MappingContext } from './mapping-context.ts'
import { quoted } from './names.ts'

export type NetworkChoice =
  | { readonly kind: 'chosen'; readonly name: string; readonly address: string }
  /** On no network that HAProxy reaches. */
  | { readonly kind: 'unreachable'; readonly because: Problem }
  /** The label names a network that the container is not on. */
  | { readonly kind: 'refused'; readonly because: Problem }

type Attachment = {
  readonly name: string
  readonly id: string
  readonly address: string
  /** Why HAProxy cannot reach it; empty when it can. */
  readonly obstacle: string
  readonly hint: string
}

/**
 * Which network's address is used: the one the label names, the one the setting names, one that
 * HAProxy reaches (the container's own NetworkMode network first), then by name. Never by chance.
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
  const first = named ?? preferred ?? attached.find((each) => each.obstacle === '') ?? attached[0]
  if (first === undefined) {
    return {
      kind: 'unreachable',
      because: {
        where,
        what: 'has no address on any network',
        hint: 'docker network connect <network> <container>',
      },
    }
  }
  if (first.obstacle === '') return { kind: 'chosen', name: first.name, address: first.address }
  return { kind: 'unreachable', because: { where, what: first.obstacle, hint: first.hint } }
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
    found.push({ name, id, address, ...obstacleOf(name, driver, context) })
  }
  const rank = (each: Attachment): number => (each.name === own || each.id === own ? 0 : 1)
  return found.sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1))
}

function obstacleOf(
  name: string,
  driver: string,
  context: MappingContext,
): { obstacle: string; hint: string } {
  const fine = { obstacle: '', hint: '' }
  if (context.areAllNetworksReached === true) return fine
  const publish = 'publish its port (docker run -p PORT)'
  if (context.haproxyNetworks !== undefined) {
    if (context.haproxyNetworks.has(name)) return fine
    return {
      obstacle: `HAProxy is not on network ${quoted(name)}`,
      hint: `docker network connect ${name} <haproxy's container>, or ${publish}`,
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
  if (['overlay', 'macvlan', 'ipvlan', 'null'].includes(driver)) {
    return {
      obstacle: `network ${quoted(name)} (${driver}) cannot be reached from a HAProxy that runs as a process of this machine`,
      hint: `${publish}, or connect it to a bridge network`,
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
