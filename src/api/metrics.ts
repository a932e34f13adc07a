import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { clusterMetrics } from './cluster-metrics.ts'
import type { ChangeReport, ClusterReport, DaemonControl, StatusReport } from './contract.ts'
import { followChanges } from './follow.ts'
import { parseStatistics } from './haproxy-statistics.ts'
import { registryMetrics } from './registry-metrics.ts'

/** The kinds of reasons, so that each has a series from the start. */
const reloadReasons = [
  'setting',
  'section',
  'server',
  'file',
  'mass',
  'unknown',
  'refused',
  'start',
]

/**
 * The numbers for Prometheus. Changes are counted as they happen; all else is asked for at each
 * scrape, and a scrape leaves nothing of the one before: what has gone has no series.
 * The names are in docs/metrics.md.
 */
export class Metrics {
  readonly #registry = new Registry()
  readonly #version: string
  readonly #changes = this.#counter('fairlead_changes_total', 'Changes, by how they were made', [
    'how',
  ])
  readonly #eventToDone = new Histogram({
    name: 'fairlead_event_to_done_seconds',
    help: 'From the event at its source to the change applied in HAProxy',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [this.#registry],
  })
  readonly #reloads = this.#counter(
    'fairlead_reloads_total',
    'HAProxy reloads since start, by the kind of their first reason',
    ['reason'],
  )
  readonly #runtimeChanges = this.#counter(
    'fairlead_runtime_changes_total',
    'Changes that were made by runtime commands, without a reload',
    [],
  )
  readonly #apply = new Histogram({
    name: 'fairlead_apply_seconds',
    help: 'How long HAProxy was worked on for one change',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [this.#registry],
  })
  readonly #generation = this.#gauge('fairlead_generation', 'Number of the newest generation', [])
  readonly #pinned = this.#gauge(
    'fairlead_pinned_generation',
    'Generation that structure and settings are pinned to; 0: none',
    [],
  )
  readonly #drift = this.#gauge(
    'fairlead_drift',
    'Differences in HAProxy that somebody else made and that are left as they are',
    [],
  )
  readonly #info = this.#gauge('fairlead_info', 'Always 1; what runs', [
    'name',
    'version',
    'haproxy_version',
  ])
  readonly #services = this.#gauge('fairlead_services', 'Routed services with an endpoint', [])
  readonly #endpoints = this.#gauge(
    'fairlead_endpoints',
    'Endpoints, by the state fairlead wants',
    ['service', 'state'],
  )
  readonly #leftOut = this.#gauge('fairlead_left_out', 'Things seen that are in no backend', [])
  readonly #problems = this.#gauge('fairlead_problems', 'Problems on show in fairlead status', [])
  readonly #sources = this.#gauge('fairlead_source_connected', '1 when the source is connected', [
    'source',
  ])
  readonly #isApplied = this.#gauge('fairlead_applied', '1 when the desired state is in force', [])
  readonly #haproxyUp = this.#gauge('fairlead_haproxy_up', '1 when HAProxy runs and answers', [])
  readonly #serverUp = this.#gauge(
    'fairlead_server_up',
    '1 when HAProxy sends the server requests',
    ['service', 'server'],
  )
  readonly #serverSessions = this.#gauge('fairlead_server_sessions', 'Current sessions', [
    'service',
    'server',
  ])
  readonly #serverRequests = this.#counter(
    'fairlead_server_requests_total',
    'Requests since the last reload of HAProxy',
    ['service', 'server'],
  )
  readonly #responses = this.#counter(
    'fairlead_responses_total',
    'Answers since the last reload of HAProxy, by class',
    ['service', 'class'],
  )
  readonly #takeRegistry = registryMetrics(this.#registry)
  readonly #takeCluster = clusterMetrics(this.#registry)
  readonly #memory = this.#gauge('process_resident_memory_bytes', 'Resident memory of fairlead', [])
  readonly #cpu = this.#counter('process_cpu_seconds_total', 'CPU time of fairlead', [])
  readonly #startTime = this.#gauge(
    'process_start_time_seconds',
    'Start of fairlead, Unix time',
    [],
  )

  constructor(version: string) {
    this.#version = version
    for (const how of ['runtime', 'reload', 'failed']) this.#changes.inc({ how }, 0)
    for (const reason of reloadReasons) this.#reloads.inc({ reason }, 0)
  }

  /** Counts each change until the signal aborts. Those that the ledger already holds were before. */
  async follow(
    control: Pick<DaemonControl, 'recentChanges' | 'changes'>,
    signal: AbortSignal,
  ): Promise<void> {
    const before = control.recentChanges().at(-1)?.id ?? 0
    this.#generation.set(before)
    for await (const followed of followChanges(control, before, signal)) {
      if (followed.kind === 'change') this.observe(followed.change)
    }
  }

  observe(change: ChangeReport): void {
    this.#changes.inc({ how: change.how })
    this.#generation.set(change.id)
    if (change.how === 'failed') return
    this.#apply.observe(change.applyMs / 1000)
    if (change.how === 'runtime') this.#runtimeChanges.inc(change.changeCount)
    else this.#reloads.inc({ reason: change.kinds[0] ?? 'unknown' })
    if (change.eventToDoneMs === undefined) return
    // The event's time is by another machine's clock, which may be ahead.
    this.#eventToDone.observe(Math.max(0, change.eventToDoneMs) / 1000)
  }

  /**
   * Prometheus' text format.
   * @param statistics HAProxy's CSV; undefined when it does not answer: then no series of servers.
   */
  render(
    status: StatusReport,
    cluster: ClusterReport,
    statistics: string | undefined,
  ): Promise<string> {
    this.#takeStatus(status)
    this.#takeCluster(cluster)
    this.#takeRegistry(status.registry, Date.now())
    this.#haproxyUp.set(status.haproxy.state === 'running' && statistics !== undefined ? 1 : 0)
    this.#takeStatistics(status, statistics ?? '')
    this.#takeProcess()
    return this.#registry.metrics()
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  get names(): string[] {
    return this.#registry.getMetricsAsArray().map((metric) => metric.name)
  }

  #takeStatus(status: StatusReport): void {
    const { haproxy, name } = status
    this.#info.reset()
    this.#info.set({ name, version: this.#version, haproxy_version: haproxy.version }, 1)
    this.#services.set(status.services.filter((service) => !service.isGone).length)
    this.#endpoints.reset()
    for (const service of status.services) {
      for (const state of ['ready', 'drain', 'maint'] as const) {
        const endpoints = service.endpoints.filter((endpoint) => endpoint.admin === state)
        this.#endpoints.set({ service: service.name, state }, endpoints.length)
      }
    }
    this.#leftOut.set(status.leftOut.length)
    this.#problems.set(status.problems.length)
    this.#pinned.set(status.pin?.generation ?? 0)
    this.#drift.set(status.drift?.length ?? 0)
    this.#isApplied.set(status.isApplied ? 1 : 0)
    this.#sources.reset()
    for (const { source, state } of status.sources) {
      this.#sources.set({ source }, state === 'connected' ? 1 : 0)
    }
  }

  /** Only the backends of services: what HAProxy has beside them is no service's traffic. */
  #takeStatistics(status: StatusReport, statistics: string): void {
    for (const metric of [
      this.#serverUp,
      this.#serverSessions,
      this.#serverRequests,
      this.#responses,
    ]) {
      metric.reset()
    }
    const serviceOf = new Map(status.services.map((each) => [each.backend, each.name]))
    for (const row of parseStatistics(statistics)) {
      const service = serviceOf.get(row.backend)
      if (service === undefined) continue
      if (row.server === undefined) {
        for (const [name, count] of row.responses) {
          this.#responses.inc({ service, class: name }, count)
        }
        continue
      }
      const labels = { service, server: row.server }
      this.#serverUp.set(labels, /^(UP|no check)/.test(row.status) ? 1 : 0)
      this.#serverSessions.set(labels, row.sessions)
      this.#serverRequests.inc(labels, row.requests)
    }
  }

  #takeProcess(): void {
    const { user, system } = process.cpuUsage()
    this.#memory.set(process.memoryUsage.rss())
    setTotal(this.#cpu, (user + system) / 1e6)
    this.#startTime.set(Math.round(Date.now() / 1000 - process.uptime()))
  }

  #gauge<L extends string>(name: string, help: string, labelNames: L[]): Gauge<L> {
    return new Gauge({ name, help, labelNames, registers: [this.#registry] })
  }

  #counter<L extends string>(name: string, help: string, labelNames: L[]): Counter<L> {
    return new Counter({ name, help, labelNames, registers: [this.#registry] })
  }
}

function setTotal(counter: Counter, total: number): void {
  counter.reset()
  counter.inc(total)
}
