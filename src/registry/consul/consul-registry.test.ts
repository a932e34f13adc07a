import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sampleCandidate, sampleEndpoint } from '../../../test/support/samples.ts'
import { FakeConsul } from '../../consul/testing/fake-consul.ts'
import type { HealthEntry } from '../../consul/types.ts'
import type { Candidate, Observation } from '../../model/candidate.ts'
import type { Endpoint } from '../../model/endpoint.ts'
import { ManualClock } from '../../support/clock.ts'
import { ConsulRegistry, type ConsulRegistryOptions } from './consul-registry.ts'
import { containerId, ownerMetaOf, sampleEntry } from './testing/sample-entry.ts'

const cycleMs = 60_000
const source = 'docker:pi1'

let folder: string
let consul: FakeConsul
let clock: ManualClock
let end: AbortController
let running: Promise<void>[]
let registries: ConsulRegistry[]
let told: Observation[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-consul-registry-'))
  consul = new FakeConsul()
  clock = new ManualClock()
  end = new AbortController()
  running = []
  registries = []
  told = []
  consul.set('/v1/catalog/nodes', [])
  consul.set('/v1/agent/self', { Config: { NodeName: 'pi1', Datacenter: 'dc1' } })
})

afterEach(async () => {
  end.abort()
  await Promise.all(running)
  for (const registry of registries) await registry.flush()
  await rm(folder, { recursive: true, force: true })
})

/** Lets everything happen that needs no time. */
const settle = (): Promise<void> => clock.advance(0)

async function start(options: Partial<ConsulRegistryOptions> = {}): Promise<ConsulRegistry> {
  const registry = new ConsulRegistry({
    consul,
    clock,
    path: join(folder, 'registry.snapshot'),
    filter: { services: [], tags: [] },
    warningIs: 'in',
    cycleMs,
    owners: new Set(['pi1']),
    localSources: [source],
    onLocal: (observation) => told.push(observation),
    ...options,
  })
  registries.push(registry)
  await registry.load()
  running.push(registry.run(end.signal))
  for (let turn = 0; turn < 20; turn++) await settle()
  return registry
}

/** Ends it and lets go of the files. */
async function stop(registry: ConsulRegistry): Promise<void> {
  end.abort()
  await Promise.all(running.splice(0))
  await registry.flush()
  end = new AbortController()
}

/** What Consul says of the service from now on. */
async function say(service: string, entries: readonly HealthEntry[]): Promise<void> {
  consul.set(`/v1/health/service/${service}`, entries)
  consul.set('/v1/catalog/services', { [service]: [] })
  for (let turn = 0; turn < 20; turn++) await settle()
}

/** Consul gives no sign of life, until the registry has noticed. */
async function away(registry: ConsulRegistry): Promise<void> {
  consul.fail('/v1/catalog/nodes')
  for (let second = 0; second < 60 && registry.state().state !== 'waiting'; second++) {
    await clock.advance(1000)
  }
  expect(registry.state().state).toBe('waiting')
}

async function back(registry: ConsulRegistry): Promise<void> {
  consul.heal()
  for (let second = 0; second < 60 && registry.state().state !== 'current'; second++) {
    await clock.advance(1000)
  }
  expect(registry.state().state).toBe('current')
}

const ids = (registry: ConsulRegistry): string[] => endpoints(registry).map(({ id }) => id)
const endpoints = (registry: ConsulRegistry): readonly Endpoint[] =>
  [...registry.snapshot().services.values()].flatMap((service) => service.endpoints)

function observe(registry: ConsulRegistry, values: Partial<Observation>): void {
  registry.accept({
    source,
    isComplete: false,
    upserts: [],
    removals: [],
    cause: 'test',
    eventAtMs: undefined,
    ...values,
  })
}

const container = containerId('a')

/** web-1 as Docker here sees it, and as its registration stands in Consul. */
const local = (values: Partial<Endpoint> = {}): Candidate =>
  sampleCandidate(
    [
      sampleEndpoint({
        id: 'pi1:web-1:80',
        address: '10.0.1.1',
        port: 8080,
        labels: { host: 'a.example.org' },
        identity: `${container} started then`,
        startedAtMs: 4321,
        ...values,
      }),
    ],
    { key: container, name: 'web-1', image: 'shop:2' },
  )
const registered = (values: Parameters<typeof sampleEntry>[0] = {}): HealthEntry =>
  sampleEntry({ node: 'pi1', ID: 'pi1:web-1:80', Meta: ownerMetaOf('pi1', container), ...values })

describe("this host's containers while Consul is away", () => {
  it('are served though they could not be registered, until they are', async () => {
    await say('web', [])
    const registry = await start()
    observe(registry, { isComplete: true, upserts: [local()] })
    expect(ids(registry)).toEqual([])
    await away(registry)
    expect(ids(registry)).toEqual(['pi1:web-1:80'])
    expect(registry.snapshot().candidates[0]?.decisions.at(-1)).toMatchObject({ outcome: 'note' })
    await back(registry)
    // Consul is back, and the registration on its way: no gap between the two.
    expect(ids(registry)).toEqual(['pi1:web-1:80'])
    await say('web', [registered({ Tags: ['a'] })])
    expect(endpoints(registry)).toMatchObject([{ id: 'pi1:web-1:80', tags: ['a'] }])
    // From now on it is Consul's word that it is there.
    await say('web', [])
    expect(ids(registry)).toEqual([])
  })

  it('go when Docker says so, and those of other hosts stay', async () => {
    await say('web', [registered(), sampleEntry()])
    const registry = await start()
    observe(registry, { isComplete: true, upserts: [local()] })
    await away(registry)
    const other = { ...local({ id: 'pi1:web-2:80', port: 8081 }), key: containerId('b') }
    observe(registry, { upserts: [other], removals: [container] })
    expect(ids(registry)).toEqual(['pi1:web-2:80', 'pi2/web1'])
    observe(registry, { removals: [other.key] })
    expect(ids(registry)).toEqual(['pi2/web1'])
  })
})

describe("this host's containers", () => {
  it('are joined with their registrations, and passed on to who registers them', async () => {
    await say('web', [registered({ Tags: ['a'] })])
    const registry = await start()
    observe(registry, { isComplete: true, upserts: [local()] })
    expect(endpoints(registry)).toMatchObject([
      {
        id: 'pi1:web-1:80',
        node: 'pi1',
        datacenter: 'dc1',
        tags: ['a'],
        labels: { host: 'a.example.org' },
        identity: `${container} started then`,
        startedAtMs: 4321,
        exposedPort: 80,
      },
    ])
    expect(registry.snapshot().candidates).toMatchObject([
      { key: container, name: 'web-1', image: 'shop:2' },
    ])
    expect(told).toHaveLength(1)
  })

  it('are no endpoints before they are in Consul, but on show', async () => {
    consul.set('/v1/catalog/services', {})
    const registry = await start()
    observe(registry, { isComplete: true, upserts: [local()] })
    expect(ids(registry)).toEqual([])
    expect(registry.snapshot().candidates[0]?.decisions.at(-1)).toMatchObject({
      outcome: 'stop',
      what: 'pi1:web-1:80 is not yet in Consul',
    })
    await say('web', [registered()])
    expect(ids(registry)).toEqual(['pi1:web-1:80'])
    expect(registry.snapshot().candidates).toHaveLength(1)
  })

  it('that died are gone at once, and stay so until Consul says something new', async () => {
    await say('web', [registered()])
    const registry = await start()
    observe(registry, { isComplete: true, upserts: [local()] })
    observe(registry, { removals: [container] })
    expect(ids(registry)).toEqual([])
    // Consul answers once more with the same registration.
    await say('web', [registered(), sampleEntry({ ID: 'other' })])
    expect(ids(registry)).toEqual(['pi2/other'])
    observe(registry, { upserts: [local()] })
    expect(ids(registry)).toEqual(['pi1:web-1:80', 'pi2/other'])
  })

  it('that died while fairlead was not running are ghosts once the first list is there', async () => {
    const other = registered({ ID: 'pi1:old:80', Meta: ownerMetaOf('pi1', containerId('b')) })
    await say('web', [registered(), other])
    const registry = await start()
    expect(ids(registry)).toEqual(['pi1:old:80', 'pi1:web-1:80'])
    observe(registry, { isComplete: true, upserts: [local()] })
    expect(ids(registry)).toEqual(['pi1:web-1:80'])
  })

  it('are not those of another host whose Docker has the same name', async () => {
    const meta = ownerMetaOf('pi1', containerId('b'))
    await say('web', [registered({ node: 'far', ID: 'pi1:web-2:80', Meta: meta })])
    const registry = await start()
    observe(registry, { isComplete: true, upserts: [] })
    expect(ids(registry)).toEqual(['pi1:web-2:80'])
  })

  it('that another program registered are found by their address on this node', async () => {
    const theirs = { ID: 'reg:web-1:80', Meta: null }
    await say('web', [
      registered(theirs),
      registered({ ...theirs, node: 'far', ID: 'far:web-1:80' }),
    ])
    const registry = await start()
    observe(registry, { isComplete: true, upserts: [local()] })
    expect(endpoints(registry).map(({ id, labels }) => [id, labels])).toEqual([
      ['far:web-1:80', {}],
      ['pi1/reg:web-1:80', { host: 'a.example.org' }],
    ])
    observe(registry, { removals: [container] })
    expect(ids(registry)).toEqual(['far:web-1:80'])
    // Registered anew by them: it is newer than what Docker's word was about.
    await say('web', [registered({ ...theirs, ModifyIndex: 11 })])
    expect(ids(registry)).toEqual(['pi1/reg:web-1:80'])
  })

  it('count as Docker says at once: draining, illness, a new address', async () => {
    await say('web', [registered()])
    const registry = await start()
    observe(registry, { isComplete: true, upserts: [local()] })
    const draining = { reason: 'docker stop', sinceMs: 1, untilMs: 2 }
    observe(registry, { upserts: [local({ draining, health: 'critical', healthReason: 'ill' })] })
    expect(endpoints(registry)).toMatchObject([
      { draining, health: 'critical', healthReason: 'ill' },
    ])
    observe(registry, { upserts: [local({ address: '10.0.1.9', identity: 'restarted' })] })
    expect(endpoints(registry)).toMatchObject([
      { address: '10.0.1.9', identity: 'restarted', draining: undefined, health: 'passing' },
    ])
    await say('web', [registered({ checks: [{ Status: 'critical', Name: 'c' }] })])
    expect(endpoints(registry)).toMatchObject([{ health: 'critical', isHealthReported: true }])
  })

  it('do not exist without Docker daemons: then Consul alone counts', async () => {
    await say('web', [registered()])
    const registry = await start({ localSources: [] })
    expect(ids(registry)).toEqual(['pi1:web-1:80'])
    expect(registry.snapshot().candidates).toMatchObject([{ kind: 'container', name: 'web-1' }])
  })

  it('that are forgotten tell nobody that they are gone', async () => {
    await say('web', [registered()])
    const registry = await start()
    observe(registry, { upserts: [local()] })
    told.length = 0
    registry.forget(source, 'is not watched any more')
    expect(ids(registry)).toEqual(['pi1:web-1:80'])
    expect(registry.sources()).toEqual([])
    expect(told).toEqual([])
  })
})

const far = (count: number, from = 1): HealthEntry[] =>
  Array.from({ length: count }, (_, index) =>
    sampleEntry({ ID: `web${index + from}`, Port: 8000 + index + from }),
  )

describe('a sudden loss', () => {
  it('is held back, shown with its countdown, and confirmed by a read after the cycle', async () => {
    await say('web', far(5))
    const registry = await start()
    await say('web', far(1))
    expect(ids(registry)).toHaveLength(5)
    await clock.advance(20_000)
    expect(registry.problems()).toMatchObject([
      {
        where: 'service web',
        what: expect.stringMatching(/lost 4 of its endpoints .* in 40 s/),
        hint: 'fairlead confirm web lets them go now',
      },
    ])
    await clock.advance(39_000)
    expect(ids(registry)).toHaveLength(5)
    await clock.advance(3000)
    expect(ids(registry)).toEqual(['pi2/web1'])
    expect(registry.problems()).toEqual([])
    expect(registry.state().counts.held).toBe(4)
  })

  it('stays held as long as no read succeeds', async () => {
    await say('web', far(4))
    const registry = await start()
    await say('web', [])
    consul.fail('/v1/health/service/web')
    await clock.advance(200_000)
    expect(ids(registry)).toHaveLength(4)
    consul.heal()
    await clock.advance(10_000)
    expect(ids(registry)).toEqual([])
  })

  it('of a service that vanished from the list is held as well', async () => {
    await say('web', far(4))
    const registry = await start()
    consul.set('/v1/health/service/web', [])
    consul.set('/v1/catalog/services', {})
    for (let turn = 0; turn < 20; turn++) await settle()
    expect(registry.held()).toMatchObject([{ service: 'web', untilMs: clock.now() + cycleMs }])
    expect(ids(registry)).toHaveLength(4)
  })

  it("by Docker's own word is none, and the containers of other hosts stay", async () => {
    const own = [1, 2, 3, 4].map((digit) => {
      const key = containerId(String(digit))
      const id = `pi1:web-${digit}:80`
      return {
        entry: registered({ ID: id, Port: 8000 + digit, Meta: ownerMetaOf('pi1', key) }),
        candidate: sampleCandidate([sampleEndpoint({ id, port: 8000 + digit })], { key }),
      }
    })
    await say('web', [...own.map(({ entry }) => entry), ...far(1)])
    const registry = await start()
    observe(registry, { isComplete: true, upserts: own.map(({ candidate }) => candidate) })
    expect(ids(registry)).toHaveLength(5)
    observe(registry, { removals: own.map(({ candidate }) => candidate.key) })
    expect(ids(registry)).toEqual(['pi2/web1'])
    await say('web', far(1))
    expect(registry.held()).toEqual([])
  })

  it('that is held when Docker says that they are gone is over', async () => {
    const keys = ['1', '2', '3'].map(containerId)
    const entries = keys.map((key, index) =>
      registered({ ID: `pi1:w${index}:80`, Port: 8000 + index, Meta: ownerMetaOf('pi1', key) }),
    )
    await say('web', entries)
    const registry = await start()
    await say('web', [])
    expect(registry.held()).toHaveLength(1)
    observe(registry, { isComplete: true, upserts: [] })
    expect(ids(registry)).toEqual([])
    expect(registry.held()).toEqual([])
  })
})

describe('a restart', () => {
  it('knows the last good state at once, and drops nothing while Consul does not answer', async () => {
    await say('web', [...far(2), registered()])
    const first = await start()
    observe(first, { isComplete: true, upserts: [local()] })
    const before = first.snapshot()
    await stop(first)

    consul.fail('/v1/catalog/services')
    const second = await start()
    expect(second.snapshot().services).toEqual(before.services)
    expect(second.snapshot().candidates).toEqual(before.candidates)
    expect(second.sources()).toEqual([source])
    expect(second.candidatesOf(source)).toEqual([local()])
    expect(second.state()).toMatchObject({ mode: 'starting', isComplete: false })

    consul.heal()
    await clock.advance(6000)
    expect(second.state()).toMatchObject({ mode: 'by service', isComplete: true })
    expect(second.snapshot().services).toEqual(before.services)
  })

  it('while a loss is held holds it once more, for a whole cycle', async () => {
    await say('web', far(4))
    const first = await start()
    await say('web', [])
    expect(first.held()).toHaveLength(1)
    await clock.advance(50_000)
    await stop(first)
    const second = await start()
    expect(ids(second)).toHaveLength(4)
    expect(second.held()).toMatchObject([{ untilMs: clock.now() + cycleMs }])
  })
})

describe('changes', () => {
  it('are told with their cause, and not when nothing changed', async () => {
    await say('web', far(2))
    const registry = await start()
    const causes: string[] = []
    running.push(
      (async () => {
        for await (const some of registry.changes(end.signal)) {
          causes.push(...some.map(({ what }) => what))
        }
      })(),
    )
    await say('web', far(2))
    expect(causes).toEqual([])
    await say('web', far(3))
    expect(causes).toEqual(['Consul: web changed'])
    observe(registry, { isComplete: true, upserts: [local()], cause: 'start web-1' })
    await settle()
    expect(causes).toEqual(['Consul: web changed', 'start web-1'])
  })

  it('refuse an answer that is not what it should be, and keep what was there', async () => {
    await say('web', far(2))
    const registry = await start()
    const odd = [{ Service: { ID: 'a', Service: 'web' }, Checks: [] }]
    await say('web', odd as unknown as HealthEntry[])
    expect(ids(registry)).toHaveLength(2)
    expect(registry.problems()).toMatchObject([{ what: expect.stringContaining('no name') }])
    await say('web', far(1))
    await clock.advance(1000)
    expect(ids(registry)).toHaveLength(1)
    expect(registry.problems()).toEqual([])
  })
})
