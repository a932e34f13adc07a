import type { Candidate } from '../model/candidate.ts'
import type { Endpoint } from '../model/endpoint.ts'
import { serviceMaintenanceCheckPrefix } from '../consul/types.ts'
import type { CatalogCheck, CheckStatus, Instance, LocalService } from './instance.ts'
import type { KeptService } from './kept-service.ts'
import type { RunningCheck } from './local-check.ts'
import { registrationToCandidate, type Registration } from './registrations.ts'

/** A registered service with what runs for it. */
export type LocalState = {
  readonly service: LocalService
  /** By check id. */
  readonly checks: Map<string, RunningCheck>
  readonly maintenance: { readonly reason: string; readonly sinceMs: number } | undefined
  /** When it was registered at this address and port (Unix ms). */
  readonly registeredAtMs: number
}

/** What routing makes of it, with what a restart needs. Throws RegistrationError. */
export function candidateOfService(state: LocalState, node: string): Candidate {
  const { service, checks, maintenance, registeredAtMs } = state
  const { id, address, port, tags, meta, weights } = service
  const candidate = registrationToCandidate({
    id,
    service: service.service,
    node,
    address,
    port,
    tags,
    meta,
    weight: weights.Passing,
    registeredAtMs,
    checked: worst([...checks.values()].map((check) => check.published())),
    maintenance,
  })
  const kept: KeptService = {
    service,
    checks: [...checks.values()].map((check) => check.kept()),
    ...(maintenance === undefined ? {} : { maintenance }),
    registeredAtMs,
  }
  return { ...candidate, kept }
}

/** What the catalogue has of it. */
export function instanceOfService(state: LocalState, node: string): Instance {
  const { service, checks, maintenance } = state
  const published = [...checks.values()].map((check) => check.published())
  return {
    ...service,
    node,
    checks:
      maintenance === undefined
        ? published
        : [...published, maintenanceCheck(service.id, maintenance.reason)],
  }
}

/** What the catalogue has of a container's endpoint. */
export function instanceOfEndpoint(endpoint: Endpoint): Instance {
  const { node, id, service, address, port, tags, meta } = endpoint
  return {
    node,
    id,
    service,
    address,
    port,
    tags,
    meta,
    weights: { Passing: 1, Warning: 1 },
    enableTagOverride: false,
    checks: endpointChecks(endpoint),
  }
}

export function maintenanceCheckId(serviceId: string): string {
  return serviceMaintenanceCheckPrefix + serviceId
}

/** Consul's form of a service that is out of service on somebody's word. */
export function maintenanceCheck(serviceId: string, reason: string): CatalogCheck {
  return {
    id: maintenanceCheckId(serviceId),
    name: 'Service Maintenance Mode',
    status: 'critical',
    notes: reason,
    output: '',
    type: 'maintenance',
  }
}

/** A HEALTHCHECK's verdict; and maintenance while it is paused or on its way out. */
function endpointChecks(endpoint: Endpoint): readonly CatalogCheck[] {
  const { id, service, health, healthReason, isHealthReported, draining } = endpoint
  const checks: CatalogCheck[] = []
  if (isHealthReported) {
    const status = health === 'maintenance' ? 'passing' : health
    const output = status === 'passing' ? '' : healthReason
    const name = `Service '${service}' check`
    checks.push({ id: `service:${id}`, name, status, notes: 'HEALTHCHECK', output, type: '' })
  }
  if (draining !== undefined) checks.push(maintenanceCheck(id, draining.reason))
  else if (health === 'maintenance') checks.push(maintenanceCheck(id, healthReason))
  return checks
}

const severity: Readonly<Record<CheckStatus, number>> = { passing: 0, warning: 1, critical: 2 }

/** The worst of the checks; undefined without any. */
function worst(checks: readonly CatalogCheck[]): Registration['checked'] {
  const [first] = checks.toSorted((a, b) => severity[b.status] - severity[a.status])
  if (first === undefined) return undefined
  if (first.status === 'passing') return { health: 'passing', reason: '' }
  const said = (first.output.split(/[\r\n]/, 1)[0] ?? '').replaceAll(/[\p{Cc}\p{Cs}]/gu, ' ')
  const reason = `check ${first.id} is ${first.status}${said === '' ? '' : `: ${said.slice(0, 200)}`}`
  return { health: first.status, reason }
}
