import { Counter, Gauge, type Registry } from 'prom-client'
import type { ConsulReport, RegistrationsReport, RegistryReport } from './contract.ts'

type Take = (report: RegistryReport, nowMs: number) => void

/**
 * The numbers of a Consul as the registry; the embedded one has none, and then there are no series.
 * Gives what takes them out of a status.
 */
export function registryMetrics(registry: Registry): Take {
  const gauge = <L extends string>(name: string, help: string, ...labelNames: L[]): Gauge<L> =>
    new Gauge({ name, help, labelNames, registers: [registry] })
  const counter = <L extends string>(name: string, help: string, ...labelNames: L[]): Counter<L> =>
    new Counter({ name, help, labelNames, registers: [registry] })

  const isCurrent = gauge(
    'fairlead_consul_current',
    '1 when Consul answers and knows a leader',
    'datacenter',
  )
  const age = gauge(
    'fairlead_consul_age_seconds',
    'For how long what is known of Consul may be old; 0 while it is current',
    'datacenter',
  )
  const services = gauge('fairlead_consul_services', 'Services that are read', 'datacenter')
  const requests = counter('fairlead_consul_requests_total', 'Requests to Consul', 'datacenter')
  const retries = counter(
    'fairlead_consul_retries_total',
    'Reads that failed and were tried again',
    'datacenter',
  )
  const held = gauge(
    'fairlead_held_back',
    'Endpoints that Consul lost and that are held for now',
    'service',
  )
  const heldTotal = counter(
    'fairlead_held_back_total',
    'Endpoints whose removal was held back',
    'datacenter',
  )
  const registrations = gauge(
    'fairlead_registrations',
    "This host's registrations, by state",
    'state',
  )
  const writes = counter('fairlead_registration_writes_total', 'What was sent to Consul', 'kind')
  const all = [isCurrent, age, services, requests, retries, held, heldTotal, registrations, writes]

  const takeConsul = (report: ConsulReport, nowMs: number): void => {
    const { datacenter, counts } = report
    isCurrent.set({ datacenter }, report.state === 'current' ? 1 : 0)
    age.set({ datacenter }, ageMs(report, nowMs) / 1000)
    services.set({ datacenter }, report.services)
    requests.inc({ datacenter }, counts.requests)
    retries.inc({ datacenter }, counts.retries)
    heldTotal.inc({ datacenter }, counts.held)
    for (const each of report.held) held.set({ service: each.service }, each.endpoints.length)
  }

  const takeRegistrations = (report: RegistrationsReport): void => {
    for (const state of ['registered', 'pending', 'refused'] as const) {
      registrations.set({ state }, report[state])
    }
    writes.inc({ kind: 'register' }, report.counts.registrations)
    writes.inc({ kind: 'deregister' }, report.counts.deregistrations)
    writes.inc({ kind: 'heartbeat' }, report.counts.heartbeats)
    writes.inc({ kind: 'retry' }, report.counts.retries)
  }

  return (report, nowMs) => {
    for (const metric of all) metric.reset()
    if (report.kind === 'embedded') return
    takeConsul(report, nowMs)
    if (report.registrations !== undefined) takeRegistrations(report.registrations)
  }
}

/** Stale since a time, or silent since the last answer. */
function ageMs(report: ConsulReport, nowMs: number): number {
  if (report.state === 'current') return 0
  const since = report.state === 'stale' ? report.sinceMs : (report.answeredAtMs ?? report.sinceMs)
  return Math.max(0, nowMs - since)
}
