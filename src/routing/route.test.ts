import { describe, expect, it } from 'vitest'
import {
  container,
  endpoint,
  routingInput,
  routingSettings,
  snapshotOf,
} from '../../test/support/routing.ts'
import type { Candidate } from '../model/candidate.ts'
import type { Endpoint } from '../model/endpoint.ts'
import type { OperatorWord, RoutingInput, RoutingResult } from './contract.ts'
import { route } from './route.ts'

const one = (name: string, given: Partial<Endpoint> = {}): Candidate =>
  container(name, endpoint(name, { service: name, ...given }))
const hostsOf = (result: RoutingResult, service: string): readonly string[] =>
  result.routes.find((each) => each.service === service)?.hosts ?? []
const defaultOf = (result: RoutingResult): string | undefined =>
  result.routes.find((each) => each.isDefault)?.service
const hostMap = (result: RoutingResult): string =>
  result.desired.files.get('/run/fairlead/maps/hosts.map') ?? ''

/** Runs one input after the other, each with the memory of the one before. */
function runs(...inputs: readonly RoutingInput[]): RoutingResult {
  let result = route(routingInput([]))
  for (const input of inputs) result = route({ ...input, memory: result.memory })
  return result
}

describe('a host that two services claim', () => {
  const a = one('a', { labels: { host: 'x.org' }, startedAtMs: 2 })
  const b = one('b', { labels: { host: 'x.org' }, startedAtMs: 1 })

  it('goes to the one that started first, and the other is told', () => {
    const result = route(routingInput([a, b]))
    expect(hostsOf(result, 'b')).toEqual(['b.localhost', 'x.org'])
    expect(hostsOf(result, 'a')).toEqual(['a.localhost'])
    expect(result.problems).toEqual([
      {
        where: 'service a',
        what: 'host x.org belongs to service b, which had it first',
        hint: 'change fairlead.host of one of the two',
      },
    ])
  })

  it('stays with the one that holds it already', () => {
    expect(hostsOf(runs(routingInput([a]), routingInput([a, b])), 'a')).toContain('x.org')
  })

  it('stays with a service that has gone for half a minute, then goes to the living one', () => {
    const both = runs(routingInput([a]), routingInput([a, b]))
    const after = (nowMs: number, memory = both.memory) =>
      route(routingInput([b], { memory, nowMs }))
    const gone = after(20_000)
    expect(hostsOf(gone, 'a')).toContain('x.org')
    expect(gone.nextRunAtMs).toBe(50_000)
    expect(hostsOf(after(50_000, gone.memory), 'b')).toContain('x.org')
  })
})

describe('the default service', () => {
  const [first, second] = [one('z', { startedAtMs: 1 }), one('a', { startedAtMs: 2 })]

  it('is the oldest, and stays it until it has gone and is forgotten', () => {
    const result = runs(routingInput([first]), routingInput([first, second]))
    expect(defaultOf(result)).toBe('z')
    const gone = route(routingInput([second], { memory: result.memory, nowMs: 20_000 }))
    expect(defaultOf(gone)).toBe('z')
    const forgotten = route(routingInput([second], { memory: gone.memory, nowMs: 320_000 }))
    expect(defaultOf(forgotten)).toBe('a')
  })

  it('is the marked one; a second marked one is told', () => {
    const marked = one('m', { labels: { default: 'true' }, startedAtMs: 3 })
    const late = one('n', { labels: { default: 'true' }, startedAtMs: 4 })
    expect(defaultOf(runs(routingInput([first]), routingInput([first, marked])))).toBe('m')
    const result = route(routingInput([first, marked, late]))
    expect(defaultOf(result)).toBe('m')
    expect(result.problems[0]?.where).toBe('service n')
  })

  it('is the one that the settings name, or none with a problem', () => {
    const wanted = (defaultService: string): RoutingResult =>
      route(routingInput([first, second], { settings: { ...routingSettings, defaultService } }))
    expect(defaultOf(wanted('a'))).toBe('a')
    const missing = wanted('shop')
    expect(defaultOf(missing)).toBe(undefined)
    expect(missing.desired.files.get('/run/fairlead/maps/default.map')).toBe('')
    expect(missing.problems[0]?.where).toBe('default service shop')
  })
})

describe('a service whose last endpoint has gone', () => {
  const labels = { host: 'x.org', check: '/up', balance: 'leastconn' }
  const before = runs(routingInput([one('a', { labels })]), routingInput([one('a', { labels })]))
  const at = (nowMs: number, memory = before.memory): RoutingResult =>
    route(routingInput([], { memory, nowMs }))

  it('keeps its hosts and the head of its backend, so that no reload is needed', () => {
    const gone = at(20_000)
    const withoutServers = before.desired.config.replaceAll(/^ +server .*\n/gm, '')
    expect(gone.desired.config).toBe(withoutServers)
    expect(hostMap(gone)).toBe(hostMap(before))
    expect(gone.routes).toMatchObject([{ service: 'a', isGone: true }])
  })

  it('is forgotten after its time, and routing asks to be run then', () => {
    const gone = at(20_000)
    expect(gone.nextRunAtMs).toBe(320_000)
    expect(at(319_999, gone.memory).routes).toHaveLength(1)
    const over = at(320_000, gone.memory)
    expect(over.routes).toEqual([])
    expect(over.memory.services).toEqual({})
    expect(over.nextRunAtMs).toBe(undefined)
  })

  it('is as before when it comes back', () => {
    const back = route(routingInput([one('a', { labels })], { memory: at(20_000).memory }))
    expect(back.desired.config).toBe(before.desired.config)
  })

  it('survives being written as JSON', () => {
    const memory = JSON.parse(JSON.stringify(at(20_000).memory))
    expect(at(25_000, memory).desired).toEqual(at(25_000, at(20_000).memory).desired)
  })
})

describe('the state of a server', () => {
  const word = (state: OperatorWord['state'], weight?: number): OperatorWord => ({
    state,
    weight,
    sinceMs: 1,
  })
  const draining = { reason: 'SIGTERM was sent', sinceMs: 1, untilMs: 2 }

  it.each([
    ['ready', {}, undefined, true],
    ['ready', { health: 'warning' }, undefined, true],
    ['maint', {}, undefined, false],
    ['maint', { health: 'critical' }, undefined, true],
    ['maint', { health: 'maintenance' }, undefined, true],
    ['drain', { draining }, undefined, true],
    ['drain', {}, word('drain'), true],
    ['maint', { draining }, word('maint'), true],
    ['ready', {}, word(undefined, 3), true],
  ] as const)('is %s for %j with the word %j, accepted %s', (admin, given, said, accepted) => {
    const words = new Map(said === undefined ? [] : [['node:a:80', said]])
    const input = routingInput([one('a', given)], { words, hasAccepted: () => accepted })
    const result = route(input)
    expect(result.placements.get('node:a:80')).toMatchObject({ isRouted: true, admin })
    expect([...result.desired.servers]).toEqual(
      admin === 'ready' ? [] : [['svc_a/node:a:80', admin]],
    )
    expect(/ disabled$/m.test(result.desired.config)).toBe(admin !== 'ready')
  })

  it('has the weight of the word before that of the label', () => {
    const input = routingInput([one('a', { labels: { weight: '5' } })])
    expect(route(input).placements.get('node:a:80')).toMatchObject({ weight: 5 })
    const words = new Map([['node:a:80', word(undefined, 0)]])
    expect(route({ ...input, words }).placements.get('node:a:80')).toMatchObject({ weight: 0 })
  })
})

it('does not depend on what was routed before, only on its input', () => {
  const all = Array.from({ length: 8 }, (_, index) =>
    container(`c${index}`, endpoint(`c${index}`, { service: `s${index % 3}` })),
  )
  for (const kept of [[0, 1, 2, 3], [0, 2, 3, 4, 5], [5, 4], [], [7, 0, 1, 2, 3, 4, 5, 6], [1]]) {
    const candidates = kept.map((index) => all[index]).filter((each) => each !== undefined)
    const words = new Map([
      [`node:c${kept[0]}:80`, { state: 'drain', weight: 2, sinceMs: 1 } as const],
    ])
    const hasAccepted = (each: Endpoint): boolean => each.id !== `node:c${kept[1]}:80`
    const input = routingInput(candidates, { words, hasAccepted })
    const fresh = {
      ...input,
      settings: { ...routingSettings },
      snapshot: snapshotOf(...structuredClone(candidates)),
    }
    expect(route(input)).toEqual(route(fresh))
  }
})

it('lets the later of two candidates decide about an endpoint that both claim', () => {
  const settings = { ...routingSettings }
  const [a, b] = [one('x'), one('x', { labels: { enable: 'false' } })]
  const services = snapshotOf(a).services
  const isRouted = (...candidates: readonly Candidate[]): boolean | undefined => {
    const snapshot = { ...snapshotOf(a), services, candidates }
    return route(routingInput([], { settings, snapshot })).placements.get('node:x:80')?.isRouted
  }
  expect([isRouted(a, b), isRouted(a), isRouted(b, a), isRouted(a)]).toEqual([
    false,
    true,
    true,
    true,
  ])
})

it('routes services named like what every object has', () => {
  const names = ['__proto__', 'constructor', 'toString']
  const result = runs(routingInput(names.map((name) => one(name))), routingInput([]))
  expect(result.routes.map((each) => each.service).sort()).toEqual([...names].sort())
})
