import { Counter, Gauge, type Registry } from 'prom-client'
import type { ClusterReport, ClusterVerdict } from './contract.ts'

const verdicts: readonly ClusterVerdict['kind'][] = [
  'same',
  'lags',
  'away',
  'pinned',
  'settings',
  'not applied',
  'differs',
]

/**
 * The numbers of several load balancers at one Consul; there are no series where the registry is
 * embedded. Gives what takes them out of a report.
 */
export function clusterMetrics(registry: Registry): (report: ClusterReport) => void {
  const same = new Gauge({
    name: 'fairlead_cluster_same',
    help: '1 when this load balancer serves what most of them serve',
    registers: [registry],
  })
  const members = new Gauge({
    name: 'fairlead_cluster_members',
    help: 'Load balancers in the same Consul, by how they compare',
    labelNames: ['verdict'],
    registers: [registry],
  })
  const writes = new Counter({
    name: 'fairlead_cluster_writes_total',
    help: 'What this load balancer sent to Consul about itself',
    labelNames: ['kind'],
    registers: [registry],
  })
  return (report) => {
    // A gauge without labels that is only reset would show 0.
    for (const metric of [members, writes]) metric.reset()
    same.remove()
    if (report.kind === 'embedded') return
    const own = report.members.find(({ isThis }) => isThis)
    same.set(own?.verdict.kind === 'same' ? 1 : 0)
    for (const verdict of verdicts) {
      const found = report.members.filter((each) => each.verdict.kind === verdict)
      members.set({ verdict }, found.length)
    }
    writes.inc({ kind: 'card' }, report.counts.writes)
    writes.inc({ kind: 'heartbeat' }, report.counts.heartbeats)
    writes.inc({ kind: 'failed' }, report.counts.failures)
  }
}
