import { isIP } from 'node:net'
import type { Candidate, Observation } from '../model/candidate.ts'
import type { Endpoint } from '../model/endpoint.ts'
import { FairleadError } from '../model/errors.ts'
import type { ServiceRegistration } from '../model/service-registration.ts'
import { nameFault } from './name-fault.ts'

/** The source name of everything registered by hand. */
export const registrationSource = 'api'

/** A registration that cannot be taken: code `usage`; or one that is not there: `not_found`. */
export class RegistrationError extends FairleadError {}

const metaPrefix = 'fairlead_'

/**
 * The candidate of a `PUT /v1/agent/service/register`. Registering the same again changes nothing;
 * another address or port is another identity, which is probed anew. As with Consul a registration
 * without an address is on the agent's own machine, and a new one takes the maintenance mode back
 * only by `…/maintenance`.
 * Throws RegistrationError for a name or id that is empty, too long or has control characters or half
 * a surrogate pair, an address that is not an IP address, a port that is not 1 to 65535.
 */
export function registrationToCandidate(
  registration: ServiceRegistration,
  context: {
    readonly node: string
    readonly nowMs: number
    readonly previous: Candidate | undefined
  },
): Candidate {
  const service = checkedName('Name', registration.Name)
  const id = checkedName(
    'ID',
    registration.ID === undefined || registration.ID === '' ? service : registration.ID,
  )
  const address = checkedAddress(registration.Address)
  const port = registration.Port
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new RegistrationError('usage', `Port must be 1 to 65535, not ${port}`)
  }
  const meta = Object.fromEntries(
    Object.entries(registration.Meta ?? {}).map(([key, value]) => [key.toLowerCase(), value]),
  )
  const before = context.previous?.endpoints[0]
  const identity = `registration ${id} ${address} ${port}`
  const endpoint: Endpoint = {
    id,
    service,
    node: context.node,
    address,
    port,
    exposedPort: port,
    protocol: 'tcp',
    tags: registration.Tags ?? [],
    meta,
    labels: { ...weightLabel(registration), ...labelsOf(meta) },
    health: before?.health === 'maintenance' ? 'maintenance' : 'passing',
    healthReason: before?.health === 'maintenance' ? before.healthReason : '',
    isHealthReported: false,
    draining: undefined,
    identity,
    startedAtMs: before?.identity === identity ? before.startedAtMs : context.nowMs,
  }
  return candidateOf(endpoint)
}

/** The candidate in or out of maintenance; the reason is shown beside it. */
export function withMaintenance(
  candidate: Candidate,
  isEnabled: boolean,
  reason: string,
): Candidate {
  const [endpoint] = candidate.endpoints
  if (endpoint === undefined) return candidate
  return candidateOf({
    ...endpoint,
    health: isEnabled ? 'maintenance' : 'passing',
    healthReason: isEnabled ? reason || 'put into maintenance through the API' : '',
  })
}

/** The observation of one registration that came, changed, or went (`undefined`). */
export function registrationObservation(
  id: string,
  candidate: Candidate | undefined,
  cause: string,
  nowMs: number,
): Observation {
  return {
    source: registrationSource,
    isComplete: false,
    upserts: candidate === undefined ? [] : [candidate],
    removals: candidate === undefined ? [id] : [],
    cause,
    eventAtMs: nowMs,
  }
}

function candidateOf(endpoint: Endpoint): Candidate {
  const where = `${endpoint.address} port ${endpoint.port}`
  return {
    key: endpoint.id,
    kind: 'registration',
    name: endpoint.id,
    node: endpoint.node,
    image: '',
    endpoints: [endpoint],
    problems: [],
    decisions: [
      { step: 'seen', outcome: 'ok', what: `registered through the API as ${endpoint.id}` },
      { step: 'registered', outcome: 'ok', what: `service ${endpoint.service} at ${where}` },
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

function weightLabel(registration: ServiceRegistration): Record<string, string> {
  const weight = registration.Weights?.Passing
  return weight === undefined ? {} : { weight: String(weight) }
}

function checkedName(field: string, value: string): string {
  const fault = value === '' ? 'is empty' : nameFault(value)
  if (fault !== '') throw new RegistrationError('usage', `${field} ${fault}`)
  return value
}

function checkedAddress(address: string | undefined): string {
  if (address === undefined || address === '' || address === 'localhost') return '127.0.0.1'
  const bare = address.replace(/^\[(.*)\]$/, '$1')
  if (isIP(bare) === 0 || bare.includes('%')) {
    throw new RegistrationError(
      'usage',
      `Address must be an IP address, not ${JSON.stringify(address.slice(0, 80))}`,
    )
  }
  return bare
}
