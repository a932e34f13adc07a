import { isIP } from 'node:net'
import type { Candidate, Observation } from '../model/candidate.ts'
import type { Endpoint, Health } from '../model/endpoint.ts'
import { FairleadError } from '../model/errors.ts'
import type { Problem } from '../model/problem.ts'
import { nameFault } from '../discovery/name-fault.ts'

/** The source name of everything registered by hand. */
export const registrationSource = 'api'

/** A registration that cannot be taken: code `usage`. */
export class RegistrationError extends FairleadError {}

/** A service as it was registered through the API, and how it is doing. */
export type Registration = {
  readonly id: string
  readonly service: string
  readonly node: string
  /** An IP address; empty: this machine's. A name is kept, but not routed. */
  readonly address: string
  /** Anything but 1 to 65535 is kept, but not routed. */
  readonly port: number
  readonly tags: readonly string[]
  readonly meta: Readonly<Record<string, string>>
  /** Consul's weight while passing; 1 unless given. */
  readonly weight: number
  /** When it was registered at this address and port (Unix ms). */
  readonly registeredAtMs: number
  /** The worst of its checks; undefined without checks. */
  readonly checked: { readonly health: Health; readonly reason: string } | undefined
  /** Out of service on somebody's word. */
  readonly maintenance: { readonly reason: string; readonly sinceMs: number } | undefined
}

const metaPrefix = 'fairlead_'
const identityPrefix = 'registration '

/** The endpoint comes from a registration and not from a container. */
export function isRegistered(endpoint: Endpoint): boolean {
  return endpoint.identity.startsWith(identityPrefix)
}

/**
 * The candidate of a registration. Another address or port is another identity, which is probed
 * anew. As with Consul a registration without an address is on the agent's own machine. In
 * maintenance it is drained: requests under way go on.
 * Throws RegistrationError for a name or id that is too long or has control characters or half a
 * surrogate pair.
 */
export function registrationToCandidate(registration: Registration): Candidate {
  checkName('Name', registration.service)
  checkName('ID', registration.id)
  const { id, service, node, port, weight, registeredAtMs, checked, maintenance } = registration
  const address = addressOf(registration)
  const faults = [...addressFaults(address), ...portFaults(port)]
  if (faults.length > 0) return leftOut(registration, faults)
  const meta = Object.fromEntries(
    Object.entries(registration.meta).map(([key, value]) => [key.toLowerCase(), value]),
  )
  const endpoint: Endpoint = {
    id,
    service,
    node,
    address,
    port,
    exposedPort: port,
    protocol: 'tcp',
    tags: registration.tags,
    meta,
    labels: { ...(weight === 1 ? {} : { weight: String(weight) }), ...labelsOf(meta) },
    health: maintenance === undefined ? (checked?.health ?? 'passing') : 'maintenance',
    healthReason: maintenance?.reason ?? checked?.reason ?? '',
    isHealthReported: checked !== undefined,
    draining:
      maintenance === undefined ? undefined : { ...maintenance, untilMs: Number.MAX_SAFE_INTEGER },
    identity: `${identityPrefix}${id} ${address} ${port}`,
    startedAtMs: registeredAtMs,
  }
  const what = `service ${service} at ${address} port ${port}`
  return {
    ...candidateOf(registration),
    endpoints: [endpoint],
    decisions: [seen(registration), { step: 'registered', outcome: 'ok', what }],
  }
}

/** The observation of registrations that came or changed, and of those that went. */
export function registrationObservation(options: {
  readonly upserts?: readonly Candidate[]
  readonly removals?: readonly string[]
  readonly isComplete?: boolean
  readonly cause: string
  readonly nowMs: number | undefined
}): Observation {
  return {
    source: registrationSource,
    isComplete: options.isComplete ?? false,
    upserts: options.upserts ?? [],
    removals: options.removals ?? [],
    cause: options.cause,
    eventAtMs: options.nowMs,
  }
}

function candidateOf({ id, node }: Registration): Omit<Candidate, 'endpoints' | 'decisions'> {
  return { key: id, kind: 'registration', name: id, node, image: '', problems: [] }
}

function seen({ id }: Registration): Candidate['decisions'][number] {
  return { step: 'seen', outcome: 'ok', what: `registered through the API as ${id}` }
}

/** In the catalogue for whoever asks, but nothing that requests could be sent to. */
function leftOut(registration: Registration, faults: readonly string[]): Candidate {
  const problem: Problem = {
    where: `registration ${registration.id}`,
    what: faults.join(', and '),
    hint: 'it is not routed; register it with an IP address and a port from 1 to 65535',
  }
  return {
    ...candidateOf(registration),
    endpoints: [],
    problems: [problem],
    decisions: [
      seen(registration),
      { step: 'registered', outcome: 'stop', what: problem.what, hint: problem.hint },
    ],
  }
}

function labelsOf(meta: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(meta).flatMap(([key, value]) =>
      key.startsWith(metaPrefix) ? [[key.slice(metaPrefix.length), value]] : [],
    ),
  )
}

function checkName(field: string, value: string): void {
  const fault = nameFault(value)
  if (fault !== '') throw new RegistrationError('usage', `${field} ${fault}`)
}

function addressOf({ address }: Registration): string {
  if (address === '' || address === 'localhost') return '127.0.0.1'
  return address.replace(/^\[(.*)\]$/, '$1')
}

function addressFaults(address: string): readonly string[] {
  if (isIP(address) !== 0 && !address.includes('%')) return []
  return [`its address ${JSON.stringify(address.slice(0, 80))} is no IP address`]
}

function portFaults(port: number): readonly string[] {
  return Number.isInteger(port) && port >= 1 && port <= 65_535
    ? []
    : [`its port ${port} is not 1 to 65535`]
}
