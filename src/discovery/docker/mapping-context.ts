import type { NetworkReach, NetworkRef } from '../../networks/contract.ts'
import type { Inspect, NetworkFacts } from './docker-types.ts'

/** What the mapping of one container needs to know beside its inspect object. */
export type MappingContext = {
  /** Name of the Docker host, the first part of endpoint ids. */
  readonly node: string
  /** By network id. */
  readonly networks: ReadonlyMap<string, NetworkFacts>
  /** Network whose address is preferred; undefined: no preference. */
  readonly network: string | undefined
  /** Use published ports even where container addresses can be reached. */
  readonly usePublished: boolean
  /** Address at which published ports are reached; undefined: 127.0.0.1 or the remote daemon's. */
  readonly publishedAddress: string | undefined
  /** The daemon runs on this machine. */
  readonly isLocalDaemon: boolean
  /** This machine reaches the addresses of the daemon's bridge networks. */
  readonly hasReachableBridges: boolean
  /** Address of a remote daemon; undefined when it is local, or its name could not be resolved. */
  readonly daemonAddress: string | undefined
  /** Networks that HAProxy's container is on; undefined: HAProxy is a process of this machine. */
  readonly haproxyNetworks: ReadonlySet<string> | undefined
  /** In place of `haproxyNetworks`, where HAProxy's container is followed and can be attached. */
  readonly reachOf?: ((network: NetworkRef) => NetworkReach) | undefined
  /** Where HAProxy's container reaches ports that its host publishes; undefined: not known. */
  readonly gateway?: string | undefined
  /** Whoever reads the registry is on every network that a container is on. */
  readonly areAllNetworksReached?: boolean
  /** Ids of containers that HAProxy or fairlead itself run in. */
  readonly ownContainerIds: ReadonlySet<string>
  /** The container whose network this one uses (`--network container:X`); undefined: not known. */
  readonly networkOwner: Inspect | undefined
  /** It is a task of this swarm service, and hints are given in its words. */
  readonly swarmService?: string
}
