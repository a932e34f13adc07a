import type { RegistryParts } from './daemon-registry.ts'
import { ownContainerIds } from './discovery/docker/own-container.ts'
import { createSwarmProvider } from './discovery/swarm/provider.ts'
import type { SwarmProvider } from './discovery/swarm/provider.ts'
import type { Candidate } from './model/candidate.ts'

/** The swarm of the first Docker daemon; undefined without `--swarm`. */
export async function swarmProvider(
  { settings, clock, joining }: RegistryParts,
  restored: readonly Candidate[],
): Promise<SwarmProvider | undefined> {
  const [host] = settings.docker
  if (!settings.swarm || host === undefined) return undefined
  return createSwarmProvider({
    host,
    network: settings.network,
    usePublished: settings.usePublished,
    joining,
    ownContainerIds: await ownContainerIds(),
    restored,
    clock,
  })
}
