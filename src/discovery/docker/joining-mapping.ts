import type { Candidate } from '../../model/candidate.ts'
import type { Joining } from '../../networks/contract.ts'
import { candidateNetwork } from './container-to-candidate.ts'
import type { Inspect } from './docker-types.ts'
import type { MappingContext } from './mapping-context.ts'
import { quoted } from './names.ts'

/** A mapping that answers at once. */
export type Mapping = (inspect: Inspect, context: MappingContext) => Candidate

/**
 * A mapping that has HAProxy's container attached to the network of what it maps, and holds back
 * what waits for that. What gets no requests wants no network: HAProxy does not join the network of
 * a database because it exposes a port. Without a pause, as `HaproxyNetworks` wants it.
 */
export function joiningMapping(options: {
  readonly joining: Joining
  readonly source: string
  readonly dockerUrl: string
  readonly map: Mapping
}): Mapping {
  const { joining, source, dockerUrl, map } = options
  const { networks } = joining
  return (inspect, context) => {
    const key = inspect.Id ?? ''
    if (!networks.isInContainer) {
      networks.drop(source, key, 'ended')
      return map(inspect, context)
    }
    const isHome = joining.isHome(dockerUrl)
    const here: MappingContext = {
      ...context,
      isLocalDaemon: context.isLocalDaemon || isHome,
      haproxyNetworks: new Set(),
      reachOf: (network) => networks.reachOf(network),
      gateway: isHome ? joining.gateway() : undefined,
    }
    const asIfReached = map(inspect, { ...here, areAllNetworksReached: true })
    if (!joining.isOffered(asIfReached)) {
      networks.drop(source, key, 'ended')
      return unrouted(asIfReached, map(inspect, here))
    }
    const network = candidateNetwork(inspect, here)
    if (network === undefined) networks.drop(source, key, 'ended')
    else networks.want(source, key, network)
    return map(inspect, here)
  }
}

/** Nothing sends it requests, so that it may be registered at an address that HAProxy does not reach. */
function unrouted(asIfReached: Candidate, real: Candidate): Candidate {
  if (real.endpoints.length > 0 || asIfReached.endpoints.length === 0) return real
  const what = `HAProxy is not attached to the network of ${quoted(real.name)}, since none of its ports is routed`
  return {
    ...asIfReached,
    decisions: [...asIfReached.decisions, { step: 'network', outcome: 'note', what }],
  }
}
