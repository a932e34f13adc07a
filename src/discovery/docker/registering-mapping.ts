import type { ContainerMapping } from './container-inspector.ts'
import { containerToCandidate } from './container-to-candidate.ts'
import type { MappingContext } from './mapping-context.ts'

/**
 * The mapping for a registry that other hosts read: addresses are those at which they reach a
 * container, not those of this machine's bridges and loopback.
 */
export function registeringMapping(options: {
  /** `published`: published ports. `container`: the containers' own addresses. */
  readonly register: 'published' | 'container'
  /** At which other hosts reach a daemon of this machine; undefined while it is not known. */
  readonly hostAddress: () => string | undefined
}): ContainerMapping {
  const { register, hostAddress } = options
  return (inspect, context) => {
    const address = context.isLocalDaemon ? hostAddress() : context.daemonAddress
    // A daemon that is not taken for a local one: no loopback address is right.
    const shared: MappingContext = { ...context, isLocalDaemon: false, daemonAddress: address }
    return containerToCandidate(inspect, { ...shared, ...reachOf(register, context.network) })
  }
}

/** A named network is the one that all share; a container that is not on it needs published ports. */
function reachOf(
  register: 'published' | 'container',
  network: string | undefined,
): Partial<MappingContext> {
  if (register === 'published') return { usePublished: true }
  if (network === undefined) return { areAllNetworksReached: true }
  return { haproxyNetworks: new Set([network, 'host']) }
}
