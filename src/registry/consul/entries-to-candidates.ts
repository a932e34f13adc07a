import { isIP } from 'node:net'
import type { HealthEntry, NodeService } from '../../consul/types.ts'
import { nameFault } from '../../discovery/name-fault.ts'
import type { Candidate } from '../../model/candidate.ts'
import type { Draining, Endpoint } from '../../model/endpoint.ts'
import type { Decision } from '../../model/problem.ts'
import { readOwner, type Owner } from '../../registration/owner-meta.ts'
import { candidateKeyOf, entryKey, type Entry, type Fault } from './entry.ts'
import { healthOfChecks, withLastWord, type InstanceHealth } from './instance-health.ts'
import { chosenBy, type ServiceFilter } from './service-filter.ts'

/** What the mapping needs to know beside Consul's answer. */
export type EntryContext = {
  readonly warningIs: 'in' | 'out'
  readonly filter: ServiceFilter
  readonly nowMs: number
  /** The entry of this key as it was, if there was one. */
  readonly previous: (key: string) => Entry | undefined
}

const metaPrefix = 'fairlead_'
const tagPrefix = 'fairlead.'

/**
 * Maps an answer of `GET /v1/health/service/:service` to entries. Consul's own service and the
 * proxies of its mesh are left out. Pure; what cannot be an endpoint says why and keeps no other.
 */
export function readEntries(
  answer: readonly HealthEntry[],
  context: EntryContext,
): readonly Entry[] {
  return answer.filter(isOffer).map((each) => readEntry(each, context))
}

function isOffer({ Service: service }: HealthEntry): boolean {
  return service.Service !== 'consul' && (service.Kind ?? '') === ''
}

function readEntry(given: HealthEntry, context: EntryContext): Entry {
  const { Node: node, Service: service } = given
  const meta = service.Meta ?? {}
  const owner = readOwner(meta)
  const id = endpointIdOf(node.Node, service.ID, owner)
  const key = entryKey(node.Node, id)
  const labels = labelsOf(meta, service.Tags ?? [])
  const chosen = chosenBy(context.filter, service.Service, service.Tags ?? [])
  const isMeant = chosen !== undefined || Object.keys(labels).length > 0
  const address = bareAddress(service.Address || node.Address)
  const fault = faultOf(given, address, isMeant)
  const common = {
    key,
    serviceId: service.ID,
    service: service.Service,
    node: node.Node,
    candidateKey: candidateKeyOf(key, node.Node, owner),
    owner,
    chosenBy: chosen,
    modifyIndex: service.ModifyIndex ?? 0,
  }
  if (fault !== undefined) return { ...common, endpoint: undefined, fault }
  const port = service.Port ?? 0
  const identity =
    owner === undefined
      ? `consul ${node.Node}/${service.ID} ${address}:${port}`
      : `${owner.container} ${owner.startedAtMs ?? ''} ${address}:${port}`
  const before = context.previous(key)?.endpoint
  const same = before?.identity === identity ? before : undefined
  const health = withLastWord(healthOfChecks(given.Checks, context.warningIs), same)
  const endpoint: Endpoint = {
    id,
    service: service.Service,
    node: node.Node,
    ...(node.Datacenter === undefined ? {} : { datacenter: node.Datacenter }),
    address,
    port,
    exposedPort: owner?.exposedPort ?? port,
    protocol: service.Tags?.includes('udp') === true ? 'udp' : 'tcp',
    tags: service.Tags ?? [],
    meta,
    // By itself a weight does not say that somebody wants it routed.
    labels: isMeant ? { ...weightOf(service.Weights, health), ...labels } : labels,
    health: health.health,
    healthReason: health.reason,
    isHealthReported: health.isReported,
    draining: drainingOf(health, before?.draining, context.nowMs),
    identity,
    startedAtMs: owner?.startedAtMs ?? same?.startedAtMs ?? context.nowMs,
  }
  return { ...common, endpoint, fault: undefined }
}

/**
 * Service ids are unique on one agent only. Those of fairlead and of Registrator begin with the
 * host or are marked, and stay as they are; any other gets its node in front. The rule looks at
 * nothing but the instance itself, so that an id never changes because another instance came.
 */
export function endpointIdOf(node: string, serviceId: string, owner: Owner | undefined): string {
  return owner !== undefined || serviceId.startsWith(`${node}:`)
    ? serviceId
    : `${node}/${serviceId}`
}

function faultOf(given: HealthEntry, address: string, isMeant: boolean): Fault | undefined {
  const { Service: service, Node: node } = given
  const name = [node.Node, service.ID, service.Service].map(nameFault).find((fault) => fault !== '')
  if (name !== undefined) return { what: `a name of it ${name}`, hint: '', isProblem: true }
  if (isIP(address) === 0 || address.includes('%')) {
    return {
      what: `its address ${JSON.stringify(address.slice(0, 80))} is a name, not an IP address`,
      hint: 'register it with an IP address',
      isProblem: true,
    }
  }
  const { Port: port = 0 } = service
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return undefined
  return {
    what: 'it is registered without a port',
    hint: 'register it with its port',
    isProblem: isMeant,
  }
}

function bareAddress(address: string): string {
  return address.replace(/^\[(.*)\]$/, '$1')
}

/** Meta `fairlead_<key>` and tags `fairlead.<key>=<value>`; meta counts before tags. */
function labelsOf(
  meta: Readonly<Record<string, string>>,
  tags: readonly string[],
): Readonly<Record<string, string>> {
  const ofTags = tags.flatMap((tag) => {
    const end = tag.indexOf('=')
    if (!tag.toLowerCase().startsWith(tagPrefix) || end === -1) return []
    return [[tag.slice(tagPrefix.length, end).toLowerCase(), tag.slice(end + 1)]]
  })
  const ofMeta = Object.entries(meta).flatMap(([key, value]) => {
    const lower = key.toLowerCase()
    return lower.startsWith(metaPrefix) ? [[lower.slice(metaPrefix.length), value]] : []
  })
  return Object.fromEntries([...ofTags, ...ofMeta].filter(([key]) => key !== ''))
}

/** HAProxy's largest weight; Consul's is 65,535. */
const mostWeight = 256

/** Consul's default, 1 and 1, is no wish; neither is what is no weight. */
function weightOf(
  weights: Partial<NonNullable<NodeService['Weights']>> | null | undefined,
  { health }: InstanceHealth,
): Readonly<Record<string, string>> {
  if (weights?.Passing === 1 && weights.Warning === 1) return {}
  const weight = health === 'passing' ? weights?.Passing : weights?.Warning
  if (weight === undefined || !Number.isInteger(weight) || weight < 0) return {}
  return { weight: String(Math.min(weight, mostWeight)) }
}

/** It began when it was first seen; one that goes on keeps its time. */
function drainingOf(
  { maintenance }: InstanceHealth,
  before: Draining | undefined,
  nowMs: number,
): Draining | undefined {
  if (maintenance === undefined) return undefined
  if (before?.reason === maintenance) return before
  return { reason: maintenance, sinceMs: nowMs, untilMs: Number.MAX_SAFE_INTEGER }
}

/** The candidate of entries with one candidate key, at least one. */
export function candidateOf(entries: readonly Entry[]): Candidate {
  const [first] = entries as readonly [Entry, ...Entry[]]
  const sorted = entries.toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
  const { owner } = first
  const chosen = sorted.find((each) => each.chosenBy !== undefined)?.chosenBy
  const where =
    owner === undefined
      ? `instance ${first.serviceId} on node ${first.node}`
      : `container ${owner.name} on ${owner.owner}`
  return {
    key: first.candidateKey,
    kind: owner === undefined ? 'instance' : 'container',
    name: owner?.name ?? first.serviceId,
    node: first.node,
    image: owner?.image ?? '',
    ...(chosen === undefined ? {} : { chosenBy: chosen }),
    endpoints: sorted.flatMap(({ endpoint }) => endpoint ?? []),
    problems: sorted.flatMap(({ fault, service }) =>
      fault?.isProblem === true
        ? [{ where, what: `as ${service}: ${fault.what}`, hint: fault.hint }]
        : [],
    ),
    decisions: [
      { step: 'seen', outcome: 'ok', what: `in Consul: ${where}` },
      ...sorted.map(registeredDecision),
    ],
  }
}

function registeredDecision({ service, endpoint, fault }: Entry): Decision {
  if (endpoint === undefined) {
    const { what = '', hint = '' } = fault ?? {}
    return { step: 'registered', outcome: 'stop', what: `as ${service}: ${what}`, hint }
  }
  const what = `service ${service} at ${endpoint.address} port ${endpoint.port}`
  return { step: 'registered', outcome: 'ok', what }
}
