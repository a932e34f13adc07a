import type {
  EndpointReport,
  HaproxyReport,
  LeftOutReport,
  PinReport,
  RegistryReport,
  ServiceReport,
  StatusReport,
  WordReport,
} from '../api/contract.ts'
import type { Candidate, SourceState } from '../model/candidate.ts'
import type { Endpoint } from '../model/endpoint.ts'
import type { Problem } from '../model/problem.ts'
import type { PipelineState } from '../pipeline/contract.ts'
import type { OperatorWord, Placement, Route } from '../routing/contract.ts'

/** One server's row of HAProxy's statistics. */
export type ServerStatistics = {
  readonly status: string
  readonly sessions: number
  readonly requests: number
}

export type StatusInput = {
  readonly pipeline: PipelineState
  readonly words: ReadonlyMap<string, OperatorWord>
  readonly sources: readonly SourceState[]
  readonly haproxy: HaproxyReport
  readonly registry: RegistryReport
  /** By `backend/server`; empty when HAProxy does not answer. */
  readonly statistics: ReadonlyMap<string, ServerStatistics>
  readonly pin: PinReport | undefined
  /** Differences in HAProxy that are left as they are. */
  readonly drift: readonly string[]
  /** Of storage, start and the like. */
  readonly problems: readonly Problem[]
  readonly instance: Pick<
    StatusReport,
    'name' | 'version' | 'pid' | 'startedAtMs' | 'stateFolder' | 'http'
  >
}

/** Puts together what `fairlead status` shows. Pure. */
export function statusReport(input: StatusInput): StatusReport {
  const { snapshot, routing } = input.pipeline
  const byId = new Map<string, { endpoint: Endpoint; candidate: Candidate }>()
  for (const candidate of snapshot.candidates) {
    for (const endpoint of candidate.endpoints) byId.set(endpoint.id, { endpoint, candidate })
  }
  const services = (routing?.routes ?? []).map((route) => serviceReport(route, input, byId))
  return {
    ...input.instance,
    desiredHash: input.pipeline.desiredHash,
    isApplied: input.pipeline.isApplied,
    haproxy: input.haproxy,
    registry: input.registry,
    sources: input.sources,
    services: services.sort((a, b) => (a.name < b.name ? -1 : 1)),
    leftOut: snapshot.candidates.flatMap((each) => leftOutReport(each, routing?.placements)),
    problems: [
      ...input.problems,
      ...input.pipeline.problems,
      ...snapshot.problems,
      ...(routing?.problems ?? []),
      ...unroutedByPin(input.pipeline),
      ...snapshot.candidates.flatMap((each) => (each.endpoints.length > 0 ? each.problems : [])),
    ],
    pin: input.pin,
    drift: input.drift,
    words: [...input.words].map(([endpoint, word]): WordReport => ({ endpoint, ...word })),
  }
}

/** Services that came after the generation that is pinned. */
function unroutedByPin({ target, routing }: PipelineState): readonly Problem[] {
  if (target?.pinnedTo === undefined) return []
  const { leftOut, pinnedTo } = target
  return (routing?.routes ?? [])
    .filter(({ backend }) => leftOut.has(backend))
    .map(({ service }) => ({
      where: `service ${service}`,
      what: `it is not routed: pinned to generation ${pinnedTo}, which does not have it`,
      hint: '`fairlead unpin` goes back to the newest',
    }))
}

function serviceReport(
  route: Route,
  input: StatusInput,
  byId: ReadonlyMap<string, { endpoint: Endpoint; candidate: Candidate }>,
): ServiceReport {
  const endpoints = input.pipeline.snapshot.services.get(route.service)?.endpoints ?? []
  return {
    name: route.service,
    backend: route.backend,
    hosts: route.hosts,
    isDefault: route.isDefault,
    isGone: route.isGone,
    balance: route.balance,
    endpoints: endpoints.flatMap((endpoint) => {
      const placement = input.pipeline.routing?.placements.get(endpoint.id)
      if (placement === undefined || !placement.isRouted) return []
      return [
        endpointReport(endpoint, byId.get(endpoint.id)?.candidate, placement, input.statistics),
      ]
    }),
  }
}

function endpointReport(
  endpoint: Endpoint,
  candidate: Candidate | undefined,
  placement: Extract<Placement, { isRouted: true }>,
  statistics: ReadonlyMap<string, ServerStatistics>,
): EndpointReport {
  const row = statistics.get(`${placement.backend}/${placement.server}`)
  return {
    id: endpoint.id,
    candidate: candidate?.name ?? endpoint.id,
    image: candidate?.image ?? '',
    node: endpoint.node,
    datacenter: endpoint.datacenter ?? '',
    address: endpoint.address,
    port: endpoint.port,
    health: endpoint.health,
    healthReason: endpoint.healthReason,
    server: placement.server,
    admin: placement.admin,
    reason: placement.reason,
    haproxyStatus: row?.status ?? '',
    weight: placement.weight,
    sessions: row?.sessions ?? 0,
    requests: row?.requests ?? 0,
  }
}

/** How many candidates are in no backend. */
export function leftOutCount({ snapshot, routing }: PipelineState): number {
  const isRouted = ({ endpoints }: Candidate): boolean =>
    endpoints.some(({ id }) => routing?.placements.get(id)?.isRouted === true)
  return snapshot.candidates.filter((each) => !isRouted(each) && each.isElsewhere !== true).length
}

/** A candidate none of whose endpoints is routed, with the decision that stopped it. */
function leftOutReport(
  candidate: Candidate,
  placements: ReadonlyMap<string, Placement> | undefined,
): readonly LeftOutReport[] {
  if (candidate.isElsewhere === true) return []
  const placed = candidate.endpoints.map((endpoint) => placements?.get(endpoint.id))
  if (placed.some((each) => each?.isRouted === true)) return []
  const decisions = [...candidate.decisions, ...placed.flatMap((each) => each?.decisions ?? [])]
  const stop = decisions.find((each) => each.outcome === 'stop')
  const problem = candidate.problems[0]
  return [
    {
      name: candidate.name,
      kind: candidate.kind,
      node: candidate.node,
      image: candidate.image,
      reason: stop?.what ?? problem?.what ?? 'not looked at yet',
      hint: stop?.hint ?? problem?.hint ?? '',
    },
  ]
}
