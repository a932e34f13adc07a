import type { EndpointReport, ServiceReport, StatusReport } from '../../api/contract.ts'

/** What tests of the commands show: a cluster with something of everything. */

export const sampleNowMs = 1_700_000_000_000

export function sampleEndpoint(changes: Partial<EndpointReport>): EndpointReport {
  return {
    id: 'lab1:web-1:80',
    candidate: 'web-1',
    image: 'nginx',
    node: 'lab1',
    datacenter: '',
    address: '172.17.0.2',
    port: 80,
    health: 'passing',
    healthReason: '',
    server: 'lab1:web-1:80',
    admin: 'ready',
    reason: '',
    haproxyStatus: 'UP',
    weight: 100,
    sessions: 0,
    requests: 12,
    ...changes,
  }
}

export const webService: ServiceReport = {
  name: 'demo-hostname',
  backend: 'demo-hostname',
  hosts: ['demo-hostname.localhost', 'shop.example.org'],
  isDefault: true,
  isGone: false,
  balance: 'roundrobin',
  endpoints: [
    sampleEndpoint({ requests: 12_345 }),
    sampleEndpoint({
      id: 'lab1:web-2:80',
      candidate: 'web-2',
      address: '172.17.0.3',
      admin: 'drain',
      reason: 'the stop signal was sent',
      sessions: 2,
    }),
    sampleEndpoint({
      id: 'lab2:web-3:80',
      candidate: 'web-3',
      node: 'lab2',
      address: 'fd00::3',
      health: 'critical',
      healthReason: 'HEALTHCHECK failed: exit 1',
      admin: 'maint',
      haproxyStatus: 'MAINT',
    }),
  ],
}

export const emptyReport: StatusReport = {
  name: 'default',
  version: '0.1.0',
  // No process has it: larger than Linux lets a pid be.
  pid: 99_999_999,
  startedAtMs: sampleNowMs - 3 * 3_600_000,
  stateFolder: '/var/lib/fairlead/default',
  desiredHash: '3f2a91c0aa',
  isApplied: true,
  http: ['127.0.0.1:8080'],
  registry: { kind: 'embedded' },
  haproxy: {
    version: '2.6.12',
    masterPid: 812,
    workerPid: 815,
    state: 'running',
    isAdopted: false,
    connections: 3,
    maxConnections: 9984,
    maxFiles: 20_000,
    reloads: 0,
  },
  sources: [
    { source: 'docker:lab1', state: 'connected', error: '', sinceMs: sampleNowMs },
    { source: 'api', state: 'connected', error: '', sinceMs: sampleNowMs },
  ],
  services: [],
  leftOut: [],
  problems: [],
  words: [],
}

export const fullReport: StatusReport = {
  ...emptyReport,
  isApplied: false,
  haproxy: { ...emptyReport.haproxy, isAdopted: true, reloads: 1 },
  sources: [
    ...emptyReport.sources,
    {
      source: 'docker:lab2',
      state: 'connecting',
      error: 'connect ECONNREFUSED 10.0.0.2:2376',
      sinceMs: sampleNowMs - 90_000,
    },
  ],
  services: [
    webService,
    {
      ...webService,
      name: 'old',
      backend: 'old',
      hosts: ['old.localhost'],
      isDefault: false,
      isGone: true,
      endpoints: [],
    },
  ],
  leftOut: [
    {
      name: 'db-1',
      kind: 'container',
      node: 'lab1',
      image: 'postgres:16',
      reason: 'it offers port 5432, and only websites are routed',
      hint: 'give it the label fairlead.enable=true',
    },
  ],
  problems: [
    {
      where: 'container web-1',
      what: 'unknown label fairlead.prot\u001b[2J',
      hint: 'did you mean fairlead.port?',
    },
  ],
  words: [
    { endpoint: 'lab2:web-3:80', state: 'maint', weight: undefined, sinceMs: sampleNowMs - 5000 },
    { endpoint: 'lab1:gone:80', state: undefined, weight: 5, sinceMs: sampleNowMs - 86_400_000 },
  ],
}

/** The registry is a Consul that lost most of a service a moment ago. */
export const consulReport: StatusReport = {
  ...emptyReport,
  registry: {
    kind: 'consul',
    addresses: ['http://10.0.0.1:8500', 'http://10.0.0.2:8500'],
    datacenter: 'dc1',
    state: 'current',
    sinceMs: sampleNowMs - 60_000,
    answeredAtMs: sampleNowMs - 2000,
    error: '',
    services: 2,
    watches: 'by service',
    held: [
      {
        service: 'demo-hostname',
        endpoints: ['lab1:web-1:80', 'lab1:web-2:80', 'lab2:web-3:80'],
        sinceMs: sampleNowMs - 20_000,
        untilMs: sampleNowMs + 40_000,
      },
    ],
    counts: { requests: 120, retries: 3, held: 3 },
    registrations: {
      registered: 5,
      pending: 1,
      refused: 2,
      counts: { registrations: 9, deregistrations: 4, retries: 2, heartbeats: 30 },
    },
  },
  services: [
    {
      ...webService,
      endpoints: webService.endpoints.map((each) => ({ ...each, datacenter: 'dc1' })),
    },
  ],
}
