import { describe, expect, it } from 'vitest'
import { sampleCandidate, sampleEndpoint } from '../../test/support/samples.ts'
import type { HaproxyReport } from '../api/contract.ts'
import type { Candidate } from '../model/candidate.ts'
import type { Endpoint } from '../model/endpoint.ts'
import { emptySnapshot } from '../model/snapshot.ts'
import type { PipelineState } from '../pipeline/contract.ts'
import { emptyMemory, type Placement, type Route } from '../routing/contract.ts'
import { explain } from './explain.ts'
import { statusReport, type ServerStatistics } from './status.ts'

const routed = (
  server: string,
  values: Partial<Extract<Placement, { isRouted: true }>> = {},
): Placement => ({
  isRouted: true,
  backend: 'svc_web',
  server,
  admin: 'ready',
  weight: 1,
  reason: '',
  decisions: [{ step: 'route', outcome: 'ok', what: 'port 80 offers a website' }],
  ...values,
})

const webRoute: Route = {
  service: 'web',
  backend: 'svc_web',
  hosts: ['*.shop.example.org', 'web.localhost'],
  isDefault: true,
  balance: 'roundrobin',
  isGone: false,
}

function pipelineState(
  candidates: readonly Candidate[],
  placements: ReadonlyMap<string, Placement>,
  routes: readonly Route[] = [webRoute],
): PipelineState {
  const endpoints: readonly Endpoint[] = candidates.flatMap((each) => each.endpoints)
  return {
    snapshot: {
      ...emptySnapshot,
      candidates,
      services: new Map([['web', { name: 'web', endpoints }]]),
    },
    routing: {
      desired: { config: '', files: new Map(), servers: new Map() },
      memory: emptyMemory,
      problems: [],
      routes,
      placements,
      unproven: [],
      nextRunAtMs: undefined,
    },
    target: undefined,
    desiredHash: 'abc',
    isApplied: true,
    problems: [],
    error: undefined,
    deferred: undefined,
  }
}

const up: ReadonlyMap<string, ServerStatistics> = new Map([
  ['svc_web/pi1:web-1:80', { status: 'UP', sessions: 2, requests: 40 }],
])
const web1 = sampleCandidate([sampleEndpoint()], { key: 'c0ffee123456' })
const worker = sampleCandidate([], {
  key: 'beef',
  name: 'worker',
  decisions: [
    { step: 'seen', outcome: 'ok', what: 'container worker' },
    { step: 'port', outcome: 'stop', what: 'no exposed port', hint: 'add EXPOSE to its image' },
  ],
})

const haproxy: HaproxyReport = {
  version: '2.6.12',
  masterPid: 2,
  workerPid: 3,
  state: 'running',
  isAdopted: false,
  connections: 3,
  maxConnections: 9984,
  maxFiles: 20_000,
  reloads: 0,
}

describe('the status report', () => {
  const report = statusReport({
    pipeline: pipelineState([web1, worker], new Map([['pi1:web-1:80', routed('pi1:web-1:80')]])),
    words: new Map([['pi1:away:80', { state: 'drain', weight: undefined, sinceMs: 5 }]]),
    sources: [],
    registry: { kind: 'embedded' },
    pin: undefined,
    drift: [],
    haproxy,
    statistics: up,
    problems: [{ where: 'registry', what: 'disk full', hint: '' }],
    instance: {
      name: 'default',
      version: '0.1.0',
      pid: 1,
      startedAtMs: 0,
      stateFolder: '/var/lib/fairlead/default',
      http: ['127.0.0.1:8080'],
    },
  })

  it('shows each endpoint with its container and what HAProxy says of it', () => {
    expect(report.services[0]?.endpoints[0]).toMatchObject({
      candidate: 'web-1',
      haproxyStatus: 'UP',
      sessions: 2,
      requests: 40,
    })
  })

  it('shows what was left out with the reason and what to do', () => {
    expect(report.leftOut).toEqual([
      {
        name: 'worker',
        kind: 'container',
        node: 'pi1',
        image: 'demo',
        reason: 'no exposed port',
        hint: 'add EXPOSE to its image',
      },
    ])
  })

  it("keeps an operator's word on show while its endpoint is away", () => {
    expect(report.words).toEqual([
      { endpoint: 'pi1:away:80', state: 'drain', weight: undefined, sinceMs: 5 },
    ])
    expect(report.problems).toContainEqual({ where: 'registry', what: 'disk full', hint: '' })
  })
})

describe('explain', () => {
  const state = pipelineState([web1, worker], new Map([['pi1:web-1:80', routed('pi1:web-1:80')]]))

  it('follows a container from seen to its server', () => {
    const found = explain('web-1', { pipeline: state, statistics: up })
    expect(found?.traces[0]?.decisions.map((each) => each.step)).toEqual([
      'seen',
      'route',
      'server',
    ])
    expect(found?.conclusion).toBe('gets requests: 1 server')
  })

  it('knows a container by its id, the start of it, and its endpoint id', () => {
    for (const subject of ['c0ffee123456', 'c0ff', 'pi1:web-1:80']) {
      expect(explain(subject, { pipeline: state, statistics: up })?.kind).toBe('container')
    }
  })

  it('calls an instance that somebody registered in Consul what it is', () => {
    const instance = { ...web1, kind: 'instance' } as const
    const pipeline = pipelineState([instance], new Map())
    expect(explain('web-1', { pipeline, statistics: up })?.kind).toBe('instance')
  })

  it('ends where it stopped', () => {
    const found = explain('worker', { pipeline: state, statistics: up })
    expect(found?.conclusion).toBe('gets no requests: no exposed port')
  })

  it('says when HAProxy itself finds the server down', () => {
    const down = new Map([['svc_web/pi1:web-1:80', { status: 'DOWN', sessions: 0, requests: 0 }]])
    expect(explain('web', { pipeline: state, statistics: down })?.conclusion).toContain('DOWN')
  })

  it('leads a URL to its service by name, by wildcard and by default', () => {
    const rules = [
      'http://WEB.localhost.:8080/x',
      'http://a.shop.example.org',
      'http://127.0.0.1/',
    ].map((url) => explain(url, { pipeline: state, statistics: up })?.traces[0]?.decisions[0]?.what)
    expect(rules[0]).toContain('web.localhost leads to service web')
    expect(rules[1]).toContain('*.shop.example.org leads to service web')
    expect(rules[2]).toContain('no host rule')
  })

  it('does not say of a URL that it gets no requests where only a template knows', () => {
    if (state.routing === undefined) throw new Error('nothing was routed')
    const pipeline = { ...state, routing: { ...state.routing, template: '/t/haproxy.ctmpl' } }
    const found = explain('http://127.0.0.1/', { pipeline, statistics: up })
    expect(found?.conclusion).toMatch(/^not known: .*haproxy\.ctmpl/)
  })

  it('says that there is no service at all', () => {
    const empty = pipelineState([], new Map(), [])
    const found = explain('http://x.example.org/', { pipeline: empty, statistics: new Map() })
    expect(found?.conclusion).toContain('no service at all')
  })

  it('knows nothing of what was never seen', () => {
    expect(explain('nobody', { pipeline: state, statistics: up })).toBeUndefined()
  })
})
