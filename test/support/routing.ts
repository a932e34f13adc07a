import type { Candidate } from '../../src/model/candidate.ts'
import type { Endpoint } from '../../src/model/endpoint.ts'
import type { Service, Snapshot } from '../../src/model/snapshot.ts'
import { emptyMemory, type RoutingInput, type RoutingSettings } from '../../src/routing/contract.ts'

/** An endpoint of the container `name`, healthy, on port 80, where nothing else is said. */
export function endpoint(name: string, given: Partial<Endpoint> = {}): Endpoint {
  const port = given.port ?? 80
  const exposedPort = given.exposedPort ?? port
  return {
    id: `node:${name}:${exposedPort}`,
    service: 'app',
    node: 'node',
    address: '10.0.0.1',
    port,
    exposedPort,
    protocol: 'tcp',
    tags: [],
    meta: {},
    labels: {},
    health: 'passing',
    healthReason: '',
    isHealthReported: false,
    draining: undefined,
    identity: `${name} 1`,
    startedAtMs: 1000,
    ...given,
  }
}

export function container(name: string, ...endpoints: readonly Endpoint[]): Candidate {
  return {
    key: name,
    kind: 'container',
    name,
    node: 'node',
    image: 'image',
    endpoints,
    problems: [],
    decisions: [],
  }
}

export function registration(name: string, ...endpoints: readonly Endpoint[]): Candidate {
  return { ...container(name, ...endpoints), kind: 'registration', image: '' }
}

export function snapshotOf(...candidates: readonly Candidate[]): Snapshot {
  const services = new Map<string, Service>()
  const all = candidates.flatMap((candidate) => candidate.endpoints)
  for (const name of new Set(all.map((each) => each.service).sort())) {
    const endpoints = all.filter((each) => each.service === name)
    services.set(name, { name, endpoints: endpoints.sort((a, b) => (a.id < b.id ? -1 : 1)) })
  }
  return { revision: 1, services, candidates, problems: [] }
}

export const routingSettings: RoutingSettings = {
  routeMode: 'web',
  domain: 'localhost',
  defaultService: undefined,
  goneServiceMs: 300_000,
  http: ['127.0.0.1:8080'],
  trustedProxies: [],
  accessLog: true,
  connectionName: 'sni',
  maxConnections: undefined,
  mostOldWorkers: 10,
  timeouts: {
    connectMs: 500,
    clientMs: 60_000,
    serverMs: 60_000,
    requestMs: 10_000,
    keepAliveMs: 60_000,
    tunnelMs: 3_600_000,
    hardStopMs: 60_000,
  },
  paths: { maps: '/run/fairlead/maps', socket: '/run/fairlead/haproxy.sock', chroot: undefined },
  runAs: undefined,
}

/** An input in which every endpoint was seen to accept connections. */
export function routingInput(
  candidates: readonly Candidate[],
  given: Partial<RoutingInput> = {},
): RoutingInput {
  return {
    snapshot: snapshotOf(...candidates),
    settings: routingSettings,
    words: new Map(),
    hasAccepted: () => true,
    memory: emptyMemory,
    nowMs: 10_000,
    ...given,
  }
}
