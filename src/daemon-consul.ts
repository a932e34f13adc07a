import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { AgentSelf } from './consul/agent-self.ts'
import { consulOptions, type Environment } from './consul/address.ts'
import { ConsulClient } from './consul/client.ts'
import { LocalPlaces } from './daemon-consul-places.ts'
import { consulReport, logRegistration } from './daemon-consul-report.ts'
import { dockerProviders, staleSources } from './daemon-registry.ts'
import type { DaemonRegistry, RegistryParts } from './daemon-registry.ts'
import { dockerSourceName } from './discovery/docker/provider.ts'
import { registeringMapping } from './discovery/docker/registering-mapping.ts'
import { Sources } from './discovery/sources.ts'
import type { Observation, Provider, SourceState } from './model/candidate.ts'
import { FairleadError } from './model/errors.ts'
import { ConsulBackend, firstAgent } from './registration/consul-backend.ts'
import { asRegistratorDoes, defaultHealthTtlMs } from './registration/endpoint-to-registration.ts'
import { markedBy } from './registration/foreign.ts'
import { Registrar } from './registration/registrar.ts'
import { watchPresence } from './registrator/presence.ts'
import { ConsulRegistry, consulSource } from './registry/consul/consul-registry.ts'
import type { Settings } from './settings/settings.ts'

/** No removal of that service is held back. Code `not_found`. */
export class NotHeldError extends FairleadError {}

/**
 * Together at most 64, of the 200 that an agent allows a client by default: the leader is asked only
 * while so little is read that more than its connections are left over.
 */
const readingConnections = 56
const leaderConnections = 16
const writingConnections = 8

/**
 * The registry of a Consul cluster: this host's containers are registered with its agent, and all
 * that is balanced is read from it. Without Docker daemons it is only read.
 */
export async function openConsul(
  parts: RegistryParts,
  environment: Environment,
): Promise<DaemonRegistry> {
  const { settings, clock, log, path } = parts
  const options = consulOptions(settings.registry, environment)
  const reading = new ConsulClient(options, { mostConnections: readingConnections })
  const leader = new ConsulClient(options, { mostConnections: leaderConnections })
  const writing = new ConsulClient(firstAgent(options), { mostConnections: writingConnections })
  const agent = new AgentSelf({ consul: writing, clock, path: join(dirname(path), 'agent.json') })
  await agent.load()
  const { register } = settings
  const owners = new Set<string>()
  const places = new LocalPlaces({
    clock,
    log,
    areKnown: agent.facts !== undefined || settings.publishedAddress !== undefined,
    onKnown: () => {
      registry.revisit("this host's address is known")
      void registrar?.verify()
    },
  })
  // Containers at their own addresses do not wait for an agent that never tells its own.
  const isPlaced = (): boolean =>
    places.areKnown || (register === 'container' && agent.problem !== undefined)
  const localSources = settings.docker.map(dockerSourceName)
  const registrar =
    localSources.length === 0
      ? undefined
      : new Registrar({
          ...registrarSettings(settings),
          backend: new ConsulBackend({ consul: writing }),
          clock,
          sources: localSources,
          dangling: markedBy(owners, isPlaced),
          onEvent: (event) => logRegistration(log, event),
        })
  const registry = new ConsulRegistry({
    consul: reading,
    leader,
    agent: writing,
    clock,
    path,
    filter: { services: settings.services, tags: settings.tags },
    warningIs: settings.warning,
    // A template's answers come from Consul as they are; nothing of them is held back.
    cycleMs: settings.templates.length > 0 ? 0 : settings.registrationCycleMs,
    owners,
    localSources,
    isPlaced,
    onLocal: (observation) => registrar?.accept(observation),
  })
  await registry.load()
  const known = registry.sources().flatMap((source) => registry.candidatesOf(source))
  for (const { node } of known) owners.add(node)
  const hostAddress = (): string | undefined => agent.facts?.address || undefined
  const map = registeringMapping({ register, hostAddress })
  const providers = await dockerProviders(parts, known, { fixed: map })
  places.follow(providers)
  for (const { source, why } of staleSources(registry, providers, [])) {
    registry.forget(source, `${source} ${why}`)
  }
  const hasStored = registry.candidatesOf(consulSource).length > 0
  const restored = new Set([...registry.sources(), ...(hasStored ? [consulSource] : [])])

  const accept = (observation: Observation): void => {
    if (observation.source === consulSource) return
    const provider = providers.find(({ source }) => source === observation.source)
    if (provider?.nodeName !== undefined) owners.add(provider.nodeName)
    registry.accept(observation)
  }
  const sources = new Sources({ providers: [...providers, catalogueSource(registry)], accept })
  return {
    registry,
    embedded: undefined,
    sources,
    restored,
    indispensable: new Set([consulSource]),
    meetingPlace: {
      consul: writing,
      node: () => providers.find(({ isLocal }) => isLocal)?.nodeName ?? hostname(),
      catalogueIndex: () => registry.newestIndex,
    },
    report: () => consulReport({ registry, registrar, addresses: options.addresses }),
    problems: () => [
      ...sources.problems(),
      ...(agent.problem === undefined ? [] : [agent.problem]),
      ...registry.problems(),
      ...(registrar?.state().problems ?? []),
    ],
    confirm: (service) => {
      const gone = registry.confirm(service)
      if (gone.length > 0) return gone
      const what = service === undefined ? 'nothing' : `no endpoint of ${JSON.stringify(service)}`
      throw new NotHeldError('not_found', `${what} is held back`, {
        hint: '`fairlead status` shows what is',
      })
    },
    run: async (signal) => {
      const onReturn = (): void => void registrar?.verify()
      await Promise.all([
        sources.run(signal),
        agent.ask(() => void places.learn(signal), signal),
        ...(registrar === undefined
          ? []
          : [registrar.run(signal), watchPresence({ consul: writing, clock, onReturn, signal })]),
      ])
    },
    close: async () => {
      await registry.flush()
      reading.close()
      leader.close()
      writing.close()
    },
  }
}

function registrarSettings(settings: Settings) {
  return {
    registration: {
      ...asRegistratorDoes,
      isCheckMetaKept: false,
      isOwnerMarked: true,
      isMetaFitted: true,
      isTagOverrideFollowed: true,
      healthTtlMs: defaultHealthTtlMs,
      checks: { areSeveralMade: true, isExtended: true, areCommandsMade: settings.commandChecks },
    },
    deregister: 'always',
    deregisterOn: settings.deregisterOn,
    isMaintenanceFollowed: true,
    isForeignRespected: true,
    cycleMs: settings.registrationCycleMs,
  } as const
}

/** The catalogue as a source that is waited for and shown beside the others; it says nothing itself. */
function catalogueSource(registry: ConsulRegistry): Provider {
  return {
    source: consulSource,
    state: (): SourceState => {
      const { state, error, sinceMs } = registry.state()
      return {
        source: consulSource,
        state: state === 'waiting' ? 'connecting' : 'connected',
        error: state === 'waiting' ? error : '',
        sinceMs,
      }
    },
    async *observe(signal) {
      const running = registry.run(signal)
      await Promise.race([registry.firstRead(signal), running])
      if (!signal.aborted) {
        yield {
          source: consulSource,
          isComplete: true,
          upserts: [],
          removals: [],
          cause: 'the catalogue was read',
          eventAtMs: undefined,
        }
      }
      await running
    },
  }
}
