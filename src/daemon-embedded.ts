import { registrationSource } from './consul-api/registrations.ts'
import { dockerProviders, staleSources } from './daemon-registry.ts'
import type { DaemonRegistry, RegistryParts } from './daemon-registry.ts'
import { swarmProvider } from './daemon-swarm.ts'
import { Sources } from './discovery/sources.ts'
import { leaveTasksToSwarm } from './discovery/swarm/left-to-swarm.ts'
import { FairleadError } from './model/errors.ts'
import { EmbeddedRegistry } from './registry/embedded/embedded-registry.ts'

/** Nothing of this kind is ever held back here. Code `not_found`. */
export class NothingHeldError extends FairleadError {}

/** The registry of this machine alone: what its Docker daemons say, and what the API registers. */
export async function openEmbedded(parts: RegistryParts): Promise<DaemonRegistry> {
  const registry = new EmbeddedRegistry(parts.path, parts.clock)
  await registry.load()
  const restored = new Set(registry.sources())
  const known = [...restored]
    .filter((source) => source !== registrationSource)
    .flatMap((source) => registry.candidatesOf(source))
  const swarm = await swarmProvider(parts, known)
  const providers =
    swarm === undefined
      ? await dockerProviders(parts, known)
      : [...(await dockerProviders(parts, known, { asking: leaveTasksToSwarm })), swarm]
  for (const { source, why } of staleSources(registry, providers, [registrationSource])) {
    // Known to have nothing.
    registry.accept({
      source,
      isComplete: true,
      upserts: [],
      removals: [],
      cause: `${source} ${why}`,
      eventAtMs: undefined,
    })
  }
  const accept = (observation: Parameters<EmbeddedRegistry['accept']>[0]): void =>
    registry.accept(observation)
  const sources = new Sources({ providers, accept })
  return {
    registry,
    embedded: registry,
    sources,
    restored,
    indispensable: new Set(),
    meetingPlace: undefined,
    report: () => ({ kind: 'embedded' }),
    problems: () => [...sources.problems(), ...(swarm?.problems() ?? []), ...registry.problems()],
    confirm: () => {
      throw new NothingHeldError(
        'not_found',
        'nothing is held back: the registry is the embedded one',
      )
    },
    run: (signal) => sources.run(signal),
    close: () => registry.flush(),
  }
}
