import { reachOf } from '../discovery/docker/address.ts'
import { containerToCandidate } from '../discovery/docker/container-to-candidate.ts'
import type { Inspect } from '../discovery/docker/docker-types.ts'
import { readContainerLabels } from '../discovery/docker/labels.ts'
import type { MappingContext } from '../discovery/docker/mapping-context.ts'
import type { Candidate } from '../model/candidate.ts'
import type { Problem } from '../model/problem.ts'
import type { Snapshot } from '../model/snapshot.ts'
import { ServiceIndex } from '../registry/embedded/service-index.ts'
import { emptyMemory } from '../routing/contract.ts'
import type { RoutingResult, RoutingSettings } from '../routing/contract.ts'
import { type Labels, readLabels } from '../routing/labels.ts'
import { route } from '../routing/route.ts'
import { selectOf } from '../routing/select.ts'
import { containersOf, networkFacts, networkOwnerOf, sourceOf } from './containers.ts'
import type { Containers } from './containers.ts'
import type { ComposeProject } from './project.ts'

/** What of the settings decides about routes. */
export type CheckSettings = {
  readonly routing: RoutingSettings
  /** Network whose address is preferred. */
  readonly network: string | undefined
  readonly usePublished: boolean
  readonly publishedAddress: string | undefined
  /** The containers run on the machine that HAProxy runs on. */
  readonly isLocalDaemon: boolean
  /** `ADDR:PORT` of the admin API; undefined: none. */
  readonly admin: string | undefined
}

/** The containers of a Compose service, and what discovery makes of them. */
export type Assessed = Containers & {
  readonly candidates: readonly Candidate[]
  /** Of the container as a whole. */
  readonly labels: Labels
  /** Its labels ask for a route, or it would get one if HAProxy reached its network. */
  readonly isWanted: boolean
  /** How HAProxy reaches it: `on network …`, `host network`; undefined: by published ports, or not. */
  readonly reachedHow: string | undefined
}

export type Assessment = {
  readonly services: readonly Assessed[]
  readonly snapshot: Snapshot
  readonly result: RoutingResult
}

/** An address for documentation (RFC 5737) in place of a remote daemon's. */
const remoteAddress = '192.0.2.1'
/** Stands in messages for the machine that the containers run on. */
export const nodeName = 'docker-host'
const nowMs = Date.UTC(2001, 0, 1)

/** Sends the containers of a project through discovery, registry and routing. */
export function assess(project: ComposeProject, settings: CheckSettings): Assessment {
  const all = containersOf(project)
  const base = contextOf(project, settings)
  const services = all.map((containers): Assessed => {
    const contexts = containers.inspects.map((inspect) => ({
      ...base,
      networkOwner: networkOwnerOf(inspect, all),
    }))
    const candidates = containers.inspects.map((inspect, at) =>
      containerToCandidate(inspect, contexts[at] ?? base),
    )
    const given = readContainerLabels(sourceOf(containers.service))
    const labels = readLabels(Object.fromEntries(given))
    const [inspect] = containers.inspects
    const context = contexts[0] ?? base
    const isAsked = labels.isLabelled || given.has('network')
    const isWanted =
      inspect !== undefined &&
      labels.isEnabled !== false &&
      (isAsked || wouldBeRouted(inspect, context, settings))
    const reachedHow = inspect === undefined ? undefined : howReached(inspect, context)
    return { ...containers, candidates, labels, isWanted, reachedHow }
  })
  const snapshot = snapshotOf(services.flatMap(({ candidates }) => candidates))
  const result = route({
    snapshot,
    settings: settings.routing,
    words: new Map(),
    hasAccepted: () => true,
    memory: emptyMemory,
    nowMs,
  })
  return { services, snapshot, result }
}

function contextOf(project: ComposeProject, settings: CheckSettings): MappingContext {
  const { network, usePublished, publishedAddress, isLocalDaemon } = settings
  return {
    node: nodeName,
    networks: networkFacts(project),
    network,
    usePublished,
    publishedAddress,
    isLocalDaemon,
    hasReachableBridges: true,
    daemonAddress: isLocalDaemon ? undefined : remoteAddress,
    haproxyNetworks: undefined,
    ownContainerIds: new Set(),
    networkOwner: undefined,
  }
}

/** It would get a route if HAProxy were on every network. */
function wouldBeRouted(
  inspect: Inspect,
  context: MappingContext,
  { routing }: CheckSettings,
): boolean {
  const reached = { ...context, areAllNetworksReached: true, usePublished: false }
  const { byEndpoint } = selectOf(containerToCandidate(inspect, reached), routing.routeMode)
  return [...byEndpoint.values()].some(({ isRouted }) => isRouted)
}

function howReached(inspect: Inspect, context: MappingContext): string | undefined {
  const labels = readContainerLabels({
    env: inspect.Config?.Env ?? [],
    labels: inspect.Config?.Labels ?? {},
  })
  const reach = reachOf(inspect, labels.get('network'), context, '')
  return reach.kind === 'direct' ? reach.how : undefined
}

function snapshotOf(candidates: readonly Candidate[]): Snapshot {
  const index = new ServiceIndex()
  index.apply(candidates.map((after) => ({ before: undefined, after })))
  const problems: readonly Problem[] = index.problems()
  return { revision: 1, services: index.services(), candidates, problems }
}
