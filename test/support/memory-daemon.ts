import type {
  ChangeReport,
  ClusterMemberReport,
  ClusterReport,
  ConsulReport,
  DaemonControl,
  DiffReport,
  EndpointReport,
  Explanation,
  GenerationReport,
  PinReport,
  ServiceReport,
  StatusReport,
} from '../../src/api/contract.ts'
import { Ledger } from '../../src/api/ledger.ts'
import { FairleadError } from '../../src/model/errors.ts'

/** A daemon that only remembers what it was asked, for tests of what asks it. */
export class MemoryDaemon implements DaemonControl {
  readonly ledger: Ledger
  readonly calls: unknown[][] = []
  report: StatusReport = statusReport()
  clusterReport: ClusterReport = { kind: 'embedded' }
  ready = true
  /** CSV of `show stat`, or the error that HAProxy gives. */
  csv: string | Error = ''
  /** Ids that `setWord` knows; others are `not_found`. */
  readonly known = new Set<string>()
  readonly generations: GenerationReport[] = []
  readonly explanations = new Map<string, Explanation>()

  constructor(ledger: Ledger = new Ledger()) {
    this.ledger = ledger
  }

  async status(): Promise<StatusReport> {
    return this.report
  }

  async cluster(isKnown?: boolean): Promise<ClusterReport> {
    this.calls.push(['cluster', isKnown])
    return this.clusterReport
  }

  async explain(subject: string): Promise<Explanation> {
    const found = this.explanations.get(subject)
    if (found === undefined) throw notFound(subject)
    return found
  }

  async setWord(
    endpoint: string,
    word: { state?: 'drain' | 'maint' | 'ready'; weight?: number | null },
  ): Promise<void> {
    this.#require(endpoint)
    this.calls.push(['setWord', endpoint, word])
  }

  async confirm(service: string | undefined): Promise<readonly string[]> {
    this.calls.push(['confirm', service])
    return [...this.known]
  }

  recentChanges(): readonly ChangeReport[] {
    return this.ledger.recent()
  }

  changes(signal: AbortSignal): AsyncIterable<ChangeReport> {
    return this.ledger.changes(signal)
  }

  isReady(): boolean {
    return this.ready
  }

  async statistics(): Promise<string> {
    if (this.csv instanceof Error) throw this.csv
    return this.csv
  }

  async history(most: number, before?: number): Promise<readonly ChangeReport[]> {
    this.calls.push(['history', most, before])
    return this.generations.filter(({ id }) => id < (before ?? Infinity)).slice(-most)
  }

  async generation(id: number): Promise<GenerationReport> {
    const found = this.generations.find((each) => each.id === id)
    if (found === undefined) throw notFound(`generation ${id}`)
    return found
  }

  async diff(from: number, to: number | undefined, isText: boolean): Promise<DiffReport> {
    await this.generation(from)
    const text = isText ? { text: '--- a\n+++ b\n-x\n+y\n' } : {}
    return { from, to, changes: ['backend web: + server web.1 10.0.0.2:80'], ...text }
  }

  async rollback(id: number): Promise<PinReport> {
    await this.generation(id)
    this.calls.push(['rollback', id])
    return { generation: id, sinceMs: 1_700_000_000_000 }
  }

  async unpin(): Promise<PinReport> {
    this.calls.push(['unpin'])
    if (this.report.pin === undefined) throw notFound('a pin')
    return this.report.pin
  }

  async down(): Promise<void> {
    this.calls.push(['down'])
  }

  #require(id: string): void {
    if (!this.known.has(id)) throw notFound(id)
  }
}

function notFound(id: string): FairleadError {
  return new FairleadError('not_found', `nothing is known of ${id}`)
}

/** A load balancer that is as the others. */
export function memberReport(changes: Partial<ClusterMemberReport> = {}): ClusterMemberReport {
  return {
    instance: 'default',
    node: 'lb1',
    version: '0.1.0',
    haproxyVersion: '2.6.12-1+deb12u4',
    hash: 'abcdef0123456789',
    generation: 7,
    isApplied: true,
    pinnedTo: undefined,
    leftOut: 0,
    catalogueIndex: 140,
    sinceMs: 1_700_000_000_000,
    http: ['0.0.0.0:80'],
    isThis: false,
    state: 'passing',
    why: '',
    stateSinceMs: 1_700_000_000_000,
    verdict: { kind: 'same', text: 'same' },
    ...changes,
  }
}

/** A report of a daemon with one service `web` and nothing wrong, changed as wanted. */
export function statusReport(changes: Partial<StatusReport> = {}): StatusReport {
  return {
    name: 'default',
    version: '0.1.0',
    pid: 100,
    startedAtMs: 1_700_000_000_000,
    stateFolder: '/run/fairlead/default',
    desiredHash: 'abc',
    isApplied: true,
    http: ['127.0.0.1:8080'],
    haproxy: {
      version: '2.6.12',
      masterPid: 101,
      workerPid: 102,
      state: 'running',
      isAdopted: false,
      connections: 3,
      maxConnections: 9984,
      maxFiles: 20_000,
      reloads: 2,
    },
    registry: { kind: 'embedded' },
    sources: [{ source: 'docker:box', state: 'connected', error: '', sinceMs: 1_700_000_000_000 }],
    services: [serviceReport()],
    leftOut: [],
    problems: [],
    words: [],
    ...changes,
  }
}

/** A Consul that does well, from which most of a service has just vanished. */
export function consulReport(changes: Partial<ConsulReport> = {}): ConsulReport {
  return {
    kind: 'consul',
    addresses: ['http://10.0.0.1:8500'],
    datacenter: 'dc1',
    state: 'current',
    sinceMs: 1_700_000_000_000,
    answeredAtMs: 1_700_000_000_000,
    error: '',
    services: 2,
    watches: 'by service',
    held: [
      {
        service: 'web',
        endpoints: ['a:web:80', 'b:web:80', 'c:web:80'],
        sinceMs: 1_700_000_000_000,
        untilMs: 1_700_000_060_000,
      },
    ],
    counts: { requests: 120, retries: 3, held: 5 },
    registrations: {
      registered: 5,
      pending: 1,
      refused: 2,
      counts: { registrations: 9, deregistrations: 4, retries: 7, heartbeats: 30 },
    },
    ...changes,
  }
}

export function serviceReport(changes: Partial<ServiceReport> = {}): ServiceReport {
  return {
    name: 'web',
    backend: 'web',
    hosts: ['web.localhost'],
    isDefault: true,
    isGone: false,
    balance: 'roundrobin',
    endpoints: [endpointReport()],
    ...changes,
  }
}

export function endpointReport(changes: Partial<EndpointReport> = {}): EndpointReport {
  return {
    id: 'box:web-1:80',
    candidate: 'web-1',
    image: 'web',
    node: 'box',
    datacenter: '',
    address: '10.0.0.2',
    port: 80,
    health: 'passing',
    healthReason: '',
    server: 'web.1',
    admin: 'ready',
    reason: '',
    haproxyStatus: 'UP',
    weight: 1,
    sessions: 0,
    requests: 0,
    ...changes,
  }
}

/** A change without its id, as it is given to `Ledger.record`. */
export function changeEntry(
  changes: Partial<Omit<ChangeReport, 'id'>> = {},
): Omit<ChangeReport, 'id'> {
  return {
    atMs: 1_700_000_000_000,
    causes: ['start web-1'],
    how: 'runtime',
    reasons: [],
    kinds: [],
    changes: ['backend web: + server web.1 10.0.0.2:80'],
    changeCount: 1,
    commands: 2,
    eventToDoneMs: 4,
    seenToDoneMs: 3,
    applyMs: 2,
    desiredHash: 'abc',
    ...changes,
  }
}
