import type { ConsulReport, RegistrationsReport } from './api/contract.ts'
import type { Registrar } from './registration/registrar.ts'
import type { RegistrarEvent } from './registration/registrar-events.ts'
import type { ConsulRegistry } from './registry/consul/consul-registry.ts'
import type { Logger } from './support/log.ts'

/** How Consul and this host's registrations are doing, for `status` and the metrics. */
export function consulReport(parts: {
  readonly registry: ConsulRegistry
  readonly registrar: Registrar | undefined
  readonly addresses: readonly string[]
}): ConsulReport {
  const state = parts.registry.state()
  return {
    kind: 'consul',
    addresses: parts.addresses,
    datacenter: state.datacenter,
    state: state.state,
    sinceMs: state.sinceMs,
    answeredAtMs: state.answeredAtMs,
    error: state.error,
    services: state.services,
    watches: state.mode === 'by node' ? 'by node' : 'by service',
    held: parts.registry.held(),
    counts: {
      requests: state.counts.requests,
      retries: state.counts.retries,
      held: state.counts.held,
    },
    registrations: parts.registrar === undefined ? undefined : registrations(parts.registrar),
  }
}

function registrations(registrar: Registrar): RegistrationsReport {
  const { registered, pending, refused, counters } = registrar.state()
  return { registered, pending, refused, counts: counters }
}

/** What a registrar did, one line each; what it will try again is said at the first failure. */
export function logRegistration(log: Logger, event: RegistrarEvent): void {
  switch (event.kind) {
    case 'added':
      return log.info({ id: event.registration.ID }, 'registered in Consul')
    case 'refreshed':
      return log.info({ id: event.registration.ID, why: event.why }, 'registered in Consul again')
    case 'removed':
      return log.info({ id: event.id }, 'deregistered from Consul')
    case 'dangling':
      return log.info({ id: event.id }, 'found in Consul, and no container is behind it')
    case 'foreign':
      return log.info({ id: event.id, theirs: event.theirs }, 'registered by somebody else')
    case 'maintenance':
      return log.info({ id: event.id, reason: event.reason }, 'maintenance in Consul')
    case 'failed':
      if (!event.isFirst) return
      return log.warn({ id: event.registration.ID, error: event.error }, `cannot ${event.action}`)
    case 'deregister-failed':
      if (!event.isFirst) return
      return log.warn({ id: event.id, error: event.error }, 'cannot deregister')
    case 'unreachable':
      if (!event.isFirst) return
      return log.warn({ error: event.error }, 'Consul does not answer')
    case 'reachable':
      return log.info('Consul answers again')
    case 'list-refused':
      return log.warn({ error: event.error }, 'Consul does not tell what is registered')
    case 'unchanged':
    case 'kept':
    case 'stale':
    case 'foreign-gone':
    case 'health':
      return log.debug(event, 'registration')
  }
}
