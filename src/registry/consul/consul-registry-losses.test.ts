import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sampleCandidate, sampleEndpoint } from '../../../test/support/samples.ts'
import {
  cycleMs,
  endpoints,
  far,
  ids,
  local,
  observe,
  registered,
  source,
  RegistryLab,
} from '../../../test/support/consul/registry-lab.ts'
import {
  containerId,
  ownerMetaOf,
  sampleEntry,
} from '../../consul-catalogue/testing/sample-entry.ts'

let lab: RegistryLab

beforeEach(async () => {
  lab = await RegistryLab.open()
})

afterEach(() => lab.close())

describe('a sudden loss', () => {
  it('is held back, shown with its countdown, and confirmed by a read after the cycle', async () => {
    await lab.say('web', far(5))
    const registry = await lab.start()
    await lab.say('web', far(1))
    expect(ids(registry)).toHaveLength(5)
    await lab.clock.advance(20_000)
    expect(registry.problems()).toMatchObject([
      {
        where: 'service web',
        what: expect.stringMatching(/lost 4 of its endpoints .* in 40 s/),
        hint: 'fairlead confirm web lets them go now',
      },
    ])
    await lab.clock.advance(39_000)
    expect(ids(registry)).toHaveLength(5)
    await lab.clock.advance(3000)
    expect(ids(registry)).toEqual(['pi2/web1'])
    expect(registry.problems()).toEqual([])
    expect(registry.state().counts.held).toBe(4)
  })

  it('stays held as long as no read succeeds', async () => {
    await lab.say('web', far(4))
    const registry = await lab.start()
    await lab.say('web', [])
    lab.consul.fail('/v1/health/service/web')
    await lab.clock.advance(200_000)
    expect(ids(registry)).toHaveLength(4)
    lab.consul.heal()
    await lab.clock.advance(10_000)
    expect(ids(registry)).toEqual([])
  })

  it('of a service that vanished from the list is held as well', async () => {
    await lab.say('web', far(4))
    const registry = await lab.start()
    lab.consul.set('/v1/health/service/web', [])
    lab.consul.set('/v1/catalog/services', {})
    await lab.settle()
    expect(registry.held()).toMatchObject([{ service: 'web', untilMs: lab.clock.now() + cycleMs }])
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
    await lab.say('web', [...own.map(({ entry }) => entry), ...far(1)])
    const registry = await lab.start()
    observe(registry, { isComplete: true, upserts: own.map(({ candidate }) => candidate) })
    expect(ids(registry)).toHaveLength(5)
    observe(registry, { removals: own.map(({ candidate }) => candidate.key) })
    expect(ids(registry)).toEqual(['pi2/web1'])
    await lab.say('web', far(1))
    expect(registry.held()).toEqual([])
  })

  it('of a single endpoint is held when Consul has lost its state', async () => {
    await lab.say('web', far(1))
    const registry = await lab.start()
    lab.consul.set('/v1/health/service/web', [], { index: 1 })
    for (let turn = 0; turn < 20; turn++) await lab.clock.advance(100)
    expect(ids(registry)).toEqual(['pi2/web1'])
    expect(registry.held()).toMatchObject([{ service: 'web', endpoints: ['pi2/web1'] }])
    await lab.clock.advance(cycleMs + 3000)
    expect(ids(registry)).toEqual([])
  })

  it('that is held when Docker says that they are gone is over', async () => {
    const keys = ['1', '2', '3'].map(containerId)
    const entries = keys.map((key, index) =>
      registered({ ID: `pi1:w${index}:80`, Port: 8000 + index, Meta: ownerMetaOf('pi1', key) }),
    )
    await lab.say('web', entries)
    const registry = await lab.start()
    await lab.say('web', [])
    expect(registry.held()).toHaveLength(1)
    observe(registry, { isComplete: true, upserts: [] })
    expect(ids(registry)).toEqual([])
    expect(registry.held()).toEqual([])
  })

  describe.each([
    { order: 'first', early: 'shop', late: 'web' },
    { order: 'last', early: 'web', late: 'shop' },
  ] as const)('of instances that another service has now, read $order', ({ early, late }) => {
    const moved = (index: number) =>
      [1, 2, 3].map((each) =>
        sampleEntry({ Service: 'shop', ID: `web${each}`, Port: 8000 + each, ModifyIndex: index }),
      )

    it.each([
      ['is not held', 20],
      ['is not held by an index that began anew', 5],
    ])('%s', async (_what, index) => {
      lab.consul.set('/v1/health/service/web', far(3))
      lab.consul.set('/v1/health/service/shop', [])
      lab.consul.set('/v1/catalog/services', { web: [], shop: [] })
      const registry = await lab.start()
      const answers = { web: [], shop: moved(index) } as const
      for (const service of [early, late]) {
        lab.consul.set(`/v1/health/service/${service}`, answers[service])
        await lab.settle()
      }
      const services = endpoints(registry).map(({ service }) => service)
      expect(services).toEqual(['shop', 'shop', 'shop'])
      expect(registry.held()).toEqual([])
      await lab.clock.advance(cycleMs + 3000)
      expect(ids(registry)).toEqual(['pi2/web1', 'pi2/web2', 'pi2/web3'])
    })
  })
})

describe('a restart', () => {
  it('knows the last good state at once, and drops nothing while Consul does not answer', async () => {
    await lab.say('web', [...far(2), registered()])
    const first = await lab.start()
    observe(first, { isComplete: true, upserts: [local()] })
    const before = first.snapshot()
    await lab.stop(first)

    lab.consul.fail('/v1/catalog/services')
    const second = await lab.start()
    expect(second.snapshot().services).toEqual(before.services)
    expect(second.snapshot().candidates).toEqual(before.candidates)
    expect(second.sources()).toEqual([source])
    expect(second.candidatesOf(source)).toEqual([local()])
    expect(second.state()).toMatchObject({ mode: 'starting', isComplete: false })

    lab.consul.heal()
    await lab.clock.advance(6000)
    expect(second.state()).toMatchObject({ mode: 'by service', isComplete: true })
    expect(second.snapshot().services).toEqual(before.services)
  })

  it('while a loss is held holds it once more, for a whole cycle', async () => {
    await lab.say('web', far(4))
    const first = await lab.start()
    await lab.say('web', [])
    expect(first.held()).toHaveLength(1)
    await lab.clock.advance(50_000)
    await lab.stop(first)
    const second = await lab.start()
    expect(ids(second)).toHaveLength(4)
    expect(second.held()).toMatchObject([{ untilMs: lab.clock.now() + cycleMs }])
  })

  it('of the machine believes no address of its own containers until Docker has spoken', async () => {
    await lab.say('web', [...far(1), registered()])
    const first = await lab.start()
    observe(first, { isComplete: true, upserts: [local()] })
    await lab.stop(first)
    await lab.rebootMachine()
    const second = await lab.start()
    expect(second.isFromBeforeBoot).toBe(true)
    second.forget(source, 'was restarted with the machine')
    expect(ids(second)).toEqual(['pi2/web1'])
    observe(second, { isComplete: true, upserts: [local({ address: '10.0.1.7' })] })
    expect(ids(second)).toEqual(['pi1:web-1:80', 'pi2/web1'])
    expect(second.snapshot().services.get('web')?.endpoints[0]?.address).toBe('10.0.1.7')
  })
})
