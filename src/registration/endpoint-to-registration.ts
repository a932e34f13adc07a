import type { CheckDefinition } from '../consul/types.ts'
import type { Candidate } from '../model/candidate.ts'
import type { Endpoint, Health } from '../model/endpoint.ts'
import type { Problem } from '../model/problem.ts'
import type { CheckStatus, Registration } from './backend.ts'
import { checksOf } from './checks.ts'
import type { CheckOptions } from './checks.ts'
import { fitMeta } from './fit-meta.ts'
import { ownerMeta } from './owner-meta.ts'

export type RegistrationOptions = {
  /** False: attributes that begin with `check_` are no meta. */
  readonly isCheckMetaKept: boolean
  /** Marked as registered by this fairlead, with the meta of owner-meta.ts. */
  readonly isOwnerMarked: boolean
  /** Name of this fairlead; undefined: the endpoint's node. */
  readonly owner?: string
  /** Before that name; nothing by default. */
  readonly ownerPrefix?: string
  /** What Consul would refuse a registration for is left out of its meta, with a problem. */
  readonly isMetaFitted: boolean
  /** Attribute `enable_tag_override`, any value that is not empty. */
  readonly isTagOverrideFollowed: boolean
  /** Docker's HEALTHCHECK as a TTL check of this time; undefined: not at all. */
  readonly healthTtlMs: number | undefined
  readonly checks: CheckOptions
}

/** What Registrator sends, and nothing else. */
export const asRegistratorDoes: RegistrationOptions = {
  isCheckMetaKept: true,
  isOwnerMarked: false,
  isMetaFitted: false,
  isTagOverrideFollowed: false,
  healthTtlMs: undefined,
  checks: { areSeveralMade: false, isExtended: false, areCommandsMade: true },
}

/** TTL of a Docker HEALTHCHECK's check where none is said. */
export const defaultHealthTtlMs = 30_000

export type MappedEndpoint = {
  /** Without `Status` of the health check: that changes by itself. */
  readonly registration: Registration
  readonly problems: readonly Problem[]
}

/** How the CheckID of Docker's HEALTHCHECK begins; the rest is the service's id. */
export const healthCheckPrefix = 'docker-health:'

/** CheckID of Docker's HEALTHCHECK of a service. */
export const healthCheckId = (serviceId: string): string => `${healthCheckPrefix}${serviceId}`

/** What a registry is told of an endpoint. Empty fields are left out, `Check` is null without one. */
export function endpointToRegistration(
  endpoint: Endpoint,
  candidate: Candidate,
  options: RegistrationOptions,
): MappedEndpoint {
  const { id, service, tags, port, address } = endpoint
  const { meta, problems } = metaOf(endpoint, candidate, options)
  const target = { ...endpoint, containerId: candidate.key }
  const asked = checksOf(endpoint.meta, target, options.checks)
  const checks = [...asked.checks, ...healthChecks(endpoint, options)]
  const isOverridable =
    options.isTagOverrideFollowed && (endpoint.meta['enable_tag_override'] ?? '') !== ''
  return {
    registration: {
      ID: id,
      Name: service,
      ...(tags.length === 0 ? {} : { Tags: tags }),
      ...(port === 0 ? {} : { Port: port }),
      ...(address === '' ? {} : { Address: address }),
      ...(Object.keys(meta).length === 0 ? {} : { Meta: meta }),
      ...(isOverridable ? { EnableTagOverride: true } : {}),
      Check: checks.length === 1 ? (checks[0] ?? null) : null,
      Checks: checks.length > 1 ? checks : null,
    },
    problems: [...problems, ...asked.problems].map((each) => ({
      ...each,
      where: `${candidate.kind} ${candidate.name}, ${each.where}`,
    })),
  }
}

/** Consul's word for a TTL check. A paused container answers nobody. */
export function checkStatusOf(health: Health): CheckStatus {
  return health === 'maintenance' ? 'critical' : health
}

/** The registration as it is sent, with its health check in this state from the beginning. */
export function withHealthStatus(registration: Registration, status: CheckStatus): Registration {
  const checkId = healthCheckId(registration.ID)
  const set = (check: CheckDefinition): CheckDefinition =>
    check.CheckID === checkId ? { ...check, Status: status } : check
  const { Check, Checks } = registration
  return {
    ...registration,
    Check: Check === null || Check === undefined ? null : set(Check),
    Checks: Checks?.map(set) ?? null,
  }
}

function healthChecks(
  { id, isHealthReported }: Endpoint,
  { healthTtlMs }: RegistrationOptions,
): readonly CheckDefinition[] {
  if (healthTtlMs === undefined || !isHealthReported) return []
  return [{ CheckID: healthCheckId(id), Name: 'Docker HEALTHCHECK', TTL: `${healthTtlMs}ms` }]
}

function metaOf(
  endpoint: Endpoint,
  candidate: Candidate,
  options: RegistrationOptions,
): { meta: Readonly<Record<string, string>>; problems: readonly Problem[] } {
  const attributes = Object.entries(endpoint.meta).filter(
    ([key]) => !markKeys.has(key) && (options.isCheckMetaKept || !key.startsWith('check_')),
  )
  const mark = options.isOwnerMarked ? ownerMark(endpoint, candidate, options) : {}
  // The mark first: it stays when there are too many.
  const meta = { ...mark, ...Object.fromEntries(attributes) }
  return options.isMetaFitted ? fitMeta(meta) : { meta, problems: [] }
}

/**
 * Never taken from a container's own attributes, marked or not: it could pass for another host's
 * container, or for the oldest of all.
 */
const markKeys: ReadonlySet<string> = new Set(Object.values(ownerMeta))

function ownerMark(
  endpoint: Endpoint,
  candidate: Candidate,
  { owner: name = endpoint.node, ownerPrefix = '' }: RegistrationOptions,
): Readonly<Record<string, string>> {
  const owner = { [ownerMeta.owner]: `${ownerPrefix}${name}` }
  if (candidate.kind !== 'container') return owner
  return {
    ...owner,
    [ownerMeta.container]: candidate.key,
    [ownerMeta.name]: candidate.name,
    [ownerMeta.image]: candidate.image,
    [ownerMeta.exposedPort]: `${endpoint.exposedPort}`,
    [ownerMeta.started]: `${endpoint.startedAtMs}`,
  }
}
