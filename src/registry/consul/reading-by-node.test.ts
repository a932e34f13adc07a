import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FakeConsul } from '../../consul/testing/fake-consul.ts'
import { ManualClock } from '../../support/clock.ts'
import { CatalogueReader } from './catalogue-reader.ts'
import { EntryIndex } from './entry-index.ts'
import { readEntries } from './entries-to-candidates.ts'
import { sampleEntry } from '../../consul-catalogue/testing/sample-entry.ts'

type Instance = { readonly index: number; readonly checkIndex: number; readonly status: string }

/** A catalogue in memory: instances named `service@node`, each with one check. */
class Catalogue {
  readonly consul = new FakeConsul()
  /** The list of nodes is told only when this is false again, and something is set. */
  hasLateNodes = false
  readonly #instances = new Map<string, Instance>()
  #index = 100

  /** Registers them, or gives those that are there another health, which leaves the service as it is. */
  set(names: readonly string[], status = 'passing'): void {
    for (const name of names) {
      const known = this.#instances.get(name)
      const checkIndex = ++this.#index
      const index = known === undefined || known.status === status ? checkIndex : known.index
      this.#instances.set(name, { index, checkIndex, status })
    }
    this.#publish(names)
  }

  /** All instances with their health, sorted. */
  list(): readonly string[] {
    return [...this.#instances].map(([name, { status }]) => `${name} ${status}`).sort()
  }

  remove(names: readonly string[]): void {
    for (const name of names) this.#instances.delete(name)
    ++this.#index
    this.#publish(names)
  }

  /** What Consul answers of the services and nodes of these instances. */
  #publish(names: readonly string[]): void {
    const all = [...this.#instances].map(([name, values]) => {
      const [service = '', node = ''] = name.split('@')
      return { name, service, node, ...values }
    })
    const headers = { index: this.#index }
    const changed = names.map((name) => name.split('@') as [string, string])
    for (const service of new Set(changed.map(([name]) => name))) {
      const entries = all
        .filter((each) => each.service === service)
        .map(({ name, node, index, checkIndex, status }) =>
          sampleEntry({
            ID: name,
            Service: service,
            node,
            ModifyIndex: index,
            checks: [{ Status: status, ModifyIndex: checkIndex }],
          }),
        )
      this.consul.set(`/v1/health/service/${service}`, entries, headers)
    }
    for (const node of new Set(changed.map(([, name]) => name))) {
      const own = all.filter((each) => each.node === node)
      const services = own.map(({ name, service, index }) => [
        name,
        { ID: name, Service: service, ModifyIndex: index },
      ])
      const value = {
        Node: { Node: node, Address: '10.0.0.2' },
        Services: Object.fromEntries(services),
      }
      this.consul.set(`/v1/catalog/node/${node}`, value, headers)
    }
    const tags = Object.fromEntries(all.map(({ service }) => [service, []]))
    this.consul.set('/v1/catalog/services', tags, headers)
    const nodes = [...new Set(all.map(({ node }) => node))]
    if (!this.hasLateNodes) {
      this.consul.set(
        '/v1/catalog/nodes',
        nodes.map((Node) => ({ Node, Address: '10.0.0.2' })),
      )
    }
    const ill = all.filter(({ status }) => status !== 'passing')
    this.consul.set(
      '/v1/health/state/any',
      ill.map(({ name, service, node, checkIndex, status }) => ({
        Node: node,
        CheckID: `service:${name}`,
        Status: status,
        ServiceID: name,
        ServiceName: service,
        ModifyIndex: checkIndex,
      })),
      headers,
    )
  }
}

let catalogue: Catalogue
let clock: ManualClock
let end: AbortController
let running: Promise<void>
let entries: EntryIndex
let reader: CatalogueReader

function open(): void {
  catalogue = new Catalogue()
  clock = new ManualClock()
  end = new AbortController()
  entries = new EntryIndex()
  reader = new CatalogueReader({
    consul: catalogue.consul,
    clock,
    filter: { services: [], tags: [] },
    scope: 'all',
    entries,
    onAnswer: (service, answer) => {
      const context = { warningIs: 'in', filter: { services: [], tags: [] }, nowMs: 0 } as const
      entries.setService(service, readEntries(answer, { ...context, previous: () => undefined }))
    },
    onUnwanted: () => {},
    onAway: () => {},
    onReset: () => {},
  })
}

beforeEach(open)

afterEach(async () => {
  end.abort()
  await running
})

async function settle(turns = 40): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await clock.advance(10)
}

async function start(): Promise<void> {
  running = reader.run(end.signal)
  await settle()
  expect(reader.state()).toMatchObject({ mode: 'by node', isComplete: true })
}

const names = (services: number, nodes: number): string[] =>
  Array.from({ length: services }, (_, index) => `s${index}@n${index % nodes}`)
const has = (service: string): string[] =>
  [...entries.ofService(service).values()].map(
    (each) => `${each.serviceId} ${each.endpoint?.health}`,
  )

describe('a catalogue read by node', () => {
  it('is read again where it changed, and nowhere else', async () => {
    catalogue.set(names(60, 3))
    await start()
    catalogue.consul.requests.length = 0
    catalogue.set(['s7@n2'])
    await settle()
    expect(has('s7')).toEqual(['s7@n1 passing', 's7@n2 passing'])
    catalogue.remove(['s7@n1'])
    await settle()
    expect(has('s7')).toEqual(['s7@n2 passing'])
    catalogue.set(['s7@n2'], 'critical')
    await settle()
    expect(has('s7')).toEqual(['s7@n2 critical'])
    catalogue.set(['new@n9'])
    await settle()
    expect(has('new')).toEqual(['new@n9 passing'])
    catalogue.remove(['new@n9', 's7@n2'])
    await settle()
    expect([...entries.services()]).toHaveLength(59)
    const read = catalogue.consul.requests.filter(({ path }) => path.includes('/health/service/'))
    expect(new Set(read.map(({ path }) => path))).toEqual(
      new Set(['/v1/health/service/s7', '/v1/health/service/new']),
    )
    expect(read.length).toBeLessThanOrEqual(7)
  })

  it('never asks for the load balancers among it, whatever they say of themselves', async () => {
    catalogue.set([...names(60, 3), 'fairlead@n0', 'fairlead@n1'])
    await start()
    catalogue.set(['fairlead@n0'])
    await settle()
    catalogue.set(['fairlead@n0', 'fairlead@n1'], 'critical')
    await settle()
    catalogue.remove(['fairlead@n1'])
    await settle()
    expect(catalogue.consul.count('/v1/health/service/fairlead')).toBe(0)
    expect([...entries.services()]).toHaveLength(60)
  })

  it('has no watch on the list of services unless there are more nodes than watches', async () => {
    catalogue.set(names(60, 51))
    await start()
    expect(catalogue.consul.blocked('/v1/catalog/services')).toBe(0)
    catalogue.set(['s1@n60', 's2@n61'])
    await settle()
    expect(catalogue.consul.blocked('/v1/catalog/services')).toBe(1)
    const watched = (): number =>
      Array.from({ length: 62 }, (_, node) => node).filter(
        (node) => catalogue.consul.blocked(`/v1/catalog/node/n${node}`) > 0,
      ).length
    expect(watched()).toBe(50)
    expect(has('s1')).toEqual(['s1@n1 passing', 's1@n60 passing'])
    catalogue.set(['late@n9'])
    await settle()
    expect(has('late')).toEqual(['late@n9 passing'])
    catalogue.remove(['s1@n60', 's2@n61', 'late@n9'])
    await settle()
    expect(catalogue.consul.blocked('/v1/catalog/services')).toBe(0)
    expect([...entries.services()]).toHaveLength(60)
    expect(has('s1')).toEqual(['s1@n1 passing'])
  })

  it('reads a node without a watch that is told of after its first service', async () => {
    catalogue.set(names(60, 56))
    await start()
    catalogue.hasLateNodes = true
    catalogue.set(['new@n99'])
    await settle()
    catalogue.hasLateNodes = false
    catalogue.set([])
    await clock.advance(2000)
    expect(has('new')).toEqual(['new@n99 passing'])
  })

  it('knows all services though a node cannot be read, and takes up that node when it can', async () => {
    catalogue.set(names(60, 3))
    catalogue.consul.fail('/v1/catalog/node/n1')
    await start()
    expect([...entries.services()]).toHaveLength(60)
    catalogue.set(['s1@n1'], 'critical')
    catalogue.set(['more@n1'])
    await settle()
    expect(has('s1')).toEqual(['s1@n1 critical'])
    expect(has('more')).toEqual([])
    catalogue.consul.heal()
    await clock.advance(5000)
    expect(has('more')).toEqual(['more@n1 passing'])
  })

  it('sees what changed between its reading and the first word of its watches', async () => {
    catalogue.set(names(60, 3))
    catalogue.set(['s4@n1', 's5@n2'], 'critical')
    catalogue.consul.fail('/v1/health/state/any')
    for (const node of [0, 1, 2]) catalogue.consul.fail(`/v1/catalog/node/n${node}`)
    await start()
    expect(has('s4')).toEqual(['s4@n1 critical'])
    catalogue.set(['s4@n1'])
    catalogue.remove(['s5@n2'])
    catalogue.set(['s6@n1', 's7@n0'])
    catalogue.set(['s8@n2'], 'critical')
    catalogue.consul.heal()
    await clock.advance(5000)
    expect(['s4', 's5', 's6', 's7', 's8'].map(has)).toEqual([
      ['s4@n1 passing'],
      [],
      ['s6@n0 passing', 's6@n1 passing'],
      ['s7@n1 passing', 's7@n0 passing'],
      ['s8@n2 critical'],
    ])
  })

  it('goes back to a watch for each service when it stays small', async () => {
    catalogue.set(names(60, 3))
    await start()
    catalogue.remove(names(60, 3).slice(30))
    await clock.advance(31_000)
    expect(reader.state().mode).toBe('by node')
    await clock.advance(31_000)
    expect(reader.state().mode).toBe('by service')
    expect([...entries.services()]).toHaveLength(30)
    expect(catalogue.consul.blocked('/v1/health/state/any')).toBe(0)
    expect(catalogue.consul.blocked('/v1/health/service/s3')).toBe(1)
    catalogue.set(['s3@n7'])
    await settle()
    expect(has('s3')).toHaveLength(2)
  })

  it('begins anew after a long silence', async () => {
    catalogue.set(names(60, 3))
    await start()
    catalogue.consul.fail('/v1/catalog/nodes')
    await clock.advance(30_000)
    expect(reader.state().state).toBe('waiting')
    catalogue.consul.requests.length = 0
    catalogue.consul.heal()
    await clock.advance(6000)
    expect(reader.state().state).toBe('current')
    expect(catalogue.consul.count('/v1/health/service/s1')).toBe(1)
  })

  it('comes to what Consul has, whatever changes and fails on the way', async () => {
    const instance = fc.tuple(fc.nat(50), fc.nat(54)).map(([app, node]) => `s${app}@n${node}`)
    const step = fc.oneof(
      fc.record({ kind: fc.constant('set' as const), names: fc.array(instance, { maxLength: 3 }) }),
      fc.record({ kind: fc.constant('ill' as const), names: fc.array(instance, { maxLength: 2 }) }),
      fc.record({
        kind: fc.constant('gone' as const),
        names: fc.array(instance, { maxLength: 4 }),
      }),
      fc.record({
        kind: fc.constant('fail' as const),
        path: fc.oneof(
          fc.nat(50).map((app) => `/v1/health/service/s${app}`),
          fc.nat(54).map((node) => `/v1/catalog/node/n${node}`),
          fc.constantFrom('/v1/health/state/any', '/v1/catalog/nodes', '/v1/catalog/services'),
        ),
      }),
      fc.record({ kind: fc.constant('time' as const), turns: fc.nat(6), ms: fc.nat(800) }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        open()
        catalogue.set(names(50, 53))
        running = reader.run(end.signal)
        for (const each of steps) {
          if (each.kind === 'set') catalogue.set(each.names)
          else if (each.kind === 'ill') catalogue.set(each.names, 'critical')
          else if (each.kind === 'gone') catalogue.remove(each.names)
          else if (each.kind === 'fail') catalogue.consul.fail(each.path, 3)
          else {
            await settle(each.turns)
            await clock.advance(each.ms)
          }
        }
        catalogue.consul.heal()
        for (let second = 0; second < 8; second++) await clock.advance(1000)
        await settle()
        const known = [...entries.all()].map(
          ({ serviceId, endpoint }) => `${serviceId} ${endpoint?.health}`,
        )
        expect(known.sort()).toEqual(catalogue.list())
        end.abort()
        await running
      }),
      { numRuns: 60 },
    )
  })
})
