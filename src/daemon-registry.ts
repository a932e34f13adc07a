import type { RegistryReport } from './api/contract.ts'
import type { Consul } from './consul/contract.ts'
import { ownContainerIds } from './discovery/docker/own-container.ts'
import type { ContainerMapping } from './discovery/docker/container-inspector.ts'
import { containerToCandidate } from './discovery/docker/container-to-candidate.ts'
import { joiningMapping } from './discovery/docker/joining-mapping.ts'
import type { Mapping } from './discovery/docker/joining-mapping.ts'
import { createDockerProvider, dockerSourceName } from './discovery/docker/provider.ts'
import type { DockerProvider, DockerProviderOptions } from './discovery/docker/provider.ts'
import type { Sources } from './discovery/sources.ts'
import type { Candidate } from './model/candidate.ts'
import type { Problem } from './model/problem.ts'
import type { Joining } from './networks/contract.ts'
import type { EmbeddedRegistry } from './registry/embedded/embedded-registry.ts'
import type { Registry } from './registry/registry.ts'
import type { DockerHost, Settings } from './settings/settings.ts'
import type { Clock } from './support/clock.ts'
import type { Logger } from './support/log.ts'

/** The daemon's registry, with all that fills it. */
export type DaemonRegistry = {
  readonly registry: Registry
  /** What can be registered in through the admin API; undefined: Consul's agents take registrations. */
  readonly embedded: EmbeddedRegistry | undefined
  readonly sources: Sources
  /** Sources whose last state an earlier run has stored. */
  readonly restored: ReadonlySet<string>
  /** Sources without which nothing may be changed at an adopted HAProxy. */
  readonly indispensable: ReadonlySet<string>
  /** Where load balancers tell each other what they serve; undefined: this one is alone. */
  readonly meetingPlace: MeetingPlace | undefined
  report(): RegistryReport
  problems(): readonly Problem[]
  /** Lets held-back removals happen. Throws FairleadError `not_found` when there are none. */
  confirm(service: string | undefined): readonly string[]
  /** Follows all sources until the signal aborts. */
  run(signal: AbortSignal): Promise<void>
  /** Resolves when everything that is known is on disk, or could not be written. */
  close(): Promise<void>
}

/** A Consul, through the agent that this machine's services are registered with. */
export type MeetingPlace = {
  readonly consul: Consul
  /** This machine, as the registrations made from it name it. */
  node(): string
  /** The highest of Consul's indexes among the services read. */
  catalogueIndex(): number
}

export type RegistryParts = {
  readonly settings: Settings
  /** The snapshot file. */
  readonly path: string
  readonly clock: Clock
  readonly log: Logger
  /** HAProxy's networks; undefined: it is a process of this machine. */
  readonly joining?: Joining | undefined
}

/** One provider for each Docker daemon of the settings. */
export async function dockerProviders(
  { settings, clock, joining }: RegistryParts,
  restored: readonly Candidate[],
  /** Another mapping. A fixed one does not ask for HAProxy's networks. */
  map?: { readonly fixed: ContainerMapping } | { readonly asking: Mapping },
): Promise<readonly DockerProvider[]> {
  const own = await ownContainerIds()
  return settings.docker.map((host) =>
    createDockerProvider({
      host,
      network: settings.network,
      usePublished: settings.usePublished,
      publishedAddress: settings.publishedAddress,
      restored,
      ownContainerIds: own,
      clock,
      ...mappingFor(host, joining, map),
    }),
  )
}

function mappingFor(
  host: DockerHost,
  joining: Joining | undefined,
  map: Parameters<typeof dockerProviders>[2],
): Pick<DockerProviderOptions, 'map' | 'joining'> {
  if (map !== undefined && 'fixed' in map) return { map: map.fixed }
  const plain = map?.asking ?? containerToCandidate
  if (joining === undefined) return { map: plain }
  const source = dockerSourceName(host)
  return { joining, map: joiningMapping({ joining, source, dockerUrl: host.url, map: plain }) }
}

/**
 * Stored sources whose last state is not believed, with the reason: no setting names them any more;
 * or the machine was restarted since, and Docker gives addresses anew then.
 */
export function staleSources(
  registry: { sources(): readonly string[]; readonly isFromBeforeBoot: boolean },
  providers: readonly Pick<DockerProvider, 'source' | 'isLocal'>[],
  others: readonly string[],
): readonly { readonly source: string; readonly why: string }[] {
  const watched = new Set([...others, ...providers.map(({ source }) => source)])
  const local = new Set(providers.filter(({ isLocal }) => isLocal).map(({ source }) => source))
  return registry.sources().flatMap((source) => {
    if (!watched.has(source)) return [{ source, why: 'is not watched any more' }]
    if (!registry.isFromBeforeBoot || !local.has(source)) return []
    return [{ source, why: 'was restarted with the machine' }]
  })
}
