import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { HealthEntry } from '../../consul/types.ts'
import {
  container,
  endpoints,
  far,
  ids,
  local,
  observe,
  registered,
  source,
  RegistryLab,
} from '../../../test/support/consul/registry-lab.ts'
import { FakeConsul } from '../../consul/testing/fake-consul.ts'
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

describe("this host's containers while Consul is away", () => {
  it('are served though they could not be registered, until they are', async () => {
    await lab.say('web', [])
    const registry = await lab.start()
    observe(registry, { isComplete: true, upserts: [local()] })
    expect(ids(registry)).toEqual([])
    await lab.away(registry)
    expect(ids(registry)).toEqual(['pi1:web-1:80'])
    expect(registry.snapshot().candidates[0]?.decisions.at(-1)).toMatchObject({ outcome: 'note' })
    await lab.back(registry)
    // Consul is back, and the registration on its way: no gap between the two.
    expect(ids(registry)).toEqual(['pi1:web-1:80'])
    await lab.say('web', [registered({ Tags: ['a'] })])
    expect(endpoints(registry)).toMatchObject([{ id: 'pi1:web-1:80', tags: ['a'] }])
    // Consul forgets it, and it runs: it is served until it is registered again, or ends.
    await lab.say('web', [])
    expect(ids(registry)).toEqual(['pi1:web-1:80'])
    observe(registry, { removals: [container] })
    expect(ids(registry)).toEqual([])
  })

  it('go when Docker says so, and those of other hosts stay', async () => {
    await lab.say('web', [registered(), sampleEntry()])
    const registry = await lab.start()
    observe(registry, { isComplete: true, upserts: [local()] })
    await lab.away(registry)
    const other = { ...local({ id: 'pi1:web-2:80', port: 8081 }), key: containerId('b') }
    observe(registry, { upserts: [other], removals: [container] })
    expect(ids(registry)).toEqual(['pi1:web-2:80', 'pi2/web1'])
    observe(registry, { removals: [other.key] })
    expect(ids(registry)).toEqual(['pi2/web1'])
  })
})

describe("this host's containers", () => {
  it('are joined with their registrations, and passed on to who registers them', async () => {
    await lab.say('web', [registered({ Tags: ['a'] })])
    const registry = await lab.start()
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
    expect(lab.told).toHaveLength(1)
  })

  it('are no endpoints before they are in Consul, but on show', async () => {
    lab.consul.set('/v1/catalog/services', {})
    const registry = await lab.start()
    observe(registry, { isComplete: true, upserts: [local()] })
    expect(ids(registry)).toEqual([])
    expect(registry.snapshot().candidates[0]?.decisions.at(-1)).toMatchObject({
      outcome: 'stop',
      what: 'pi1:web-1:80 is not yet in Consul',
    })
    await lab.say('web', [registered()])
    expect(ids(registry)).toEqual(['pi1:web-1:80'])
    expect(registry.snapshot().candidates).toHaveLength(1)
  })

  it('that died are gone at once, and stay so until Consul says something new', async () => {
    await lab.say('web', [registered()])
    const registry = await lab.start()
    observe(registry, { isComplete: true, upserts: [local()] })
    observe(registry, { removals: [container] })
    expect(ids(registry)).toEqual([])
    // Consul answers once more with the same registration.
    await lab.say('web', [registered(), sampleEntry({ ID: 'other' })])
    expect(ids(registry)).toEqual(['pi2/other'])
    observe(registry, { upserts: [local()] })
    expect(ids(registry)).toEqual(['pi1:web-1:80', 'pi2/other'])
  })

  it('are known by the node of the agent that they are registered with, whoever answers reads', async () => {
    const agent = new FakeConsul()
    agent.set('/v1/agent/self', { Config: { NodeName: 'pi1', Datacenter: 'dc1' } })
    lab.consul.set('/v1/agent/self', { Config: { NodeName: 'pi9', Datacenter: 'dc1' } })
    const dead = registered({ ID: 'pi1:old:80', Meta: ownerMetaOf('pi1', containerId('b')) })
    await lab.say('web', [registered(), dead])
    const registry = await lab.start({ agent })
    observe(registry, { isComplete: true, upserts: [local()] })
    expect(ids(registry)).toEqual(['pi1:web-1:80'])
  })

  it('that died while fairlead was not running are ghosts once the first list is there', async () => {
    const other = registered({ ID: 'pi1:old:80', Meta: ownerMetaOf('pi1', containerId('b')) })
    await lab.say('web', [registered(), other])
    const registry = await lab.start()
    expect(ids(registry)).toEqual(['pi1:old:80', 'pi1:web-1:80'])
    observe(registry, { isComplete: true, upserts: [local()] })
    expect(ids(registry)).toEqual(['pi1:web-1:80'])
  })

  it('are no ghosts for want of an address, before it is known', async () => {
    const other = registered({ ID: 'pi1:old:80', Meta: ownerMetaOf('pi1', containerId('b')) })
    await lab.say('web', [registered(), other])
    let isPlaced = false
    const registry = await lab.start({ isPlaced: () => isPlaced })
    observe(registry, { upserts: [local()] })
    observe(registry, { isComplete: true, upserts: [{ ...local(), endpoints: [] }] })
    expect(ids(registry)).toEqual(['pi1:old:80', 'pi1:web-1:80'])
    observe(registry, { upserts: [local()] })
    isPlaced = true
    const causes = lab.causesOf(registry)
    registry.revisit('the address is known')
    await lab.settle()
    expect(ids(registry)).toEqual(['pi1:web-1:80'])
    expect(causes).toEqual(['the address is known'])
    observe(registry, { upserts: [{ ...local(), endpoints: [] }] })
    expect(ids(registry)).toEqual([])
  })

  it('are not those of another host whose Docker has the same name', async () => {
    const meta = ownerMetaOf('pi1', containerId('b'))
    await lab.say('web', [registered({ node: 'far', ID: 'pi1:web-2:80', Meta: meta })])
    const registry = await lab.start()
    observe(registry, { isComplete: true, upserts: [] })
    expect(ids(registry)).toEqual(['pi1:web-2:80'])
  })

  it('that another program registered are found by their address on this node', async () => {
    const theirs = { ID: 'reg:web-1:80', Meta: null }
    await lab.say('web', [
      registered(theirs),
      registered({ ...theirs, node: 'far', ID: 'far:web-1:80' }),
    ])
    const registry = await lab.start()
    observe(registry, { isComplete: true, upserts: [local()] })
    expect(endpoints(registry).map(({ id, labels }) => [id, labels])).toEqual([
      ['far:web-1:80', {}],
      ['pi1/reg:web-1:80', { host: 'a.example.org' }],
    ])
    observe(registry, { removals: [container] })
    expect(ids(registry)).toEqual(['far:web-1:80'])
    // Registered anew by them: it is newer than what Docker's word was about.
    await lab.say('web', [registered({ ...theirs, ModifyIndex: 11 })])
    expect(ids(registry)).toEqual(['pi1/reg:web-1:80'])
  })

  it('that a registrator marked are found by container and address, whatever their id', async () => {
    const Meta = ownerMetaOf('registrator@pi1', container)
    const other = ownerMetaOf('registrator@pi1', containerId('b'))
    await lab.say('web', [
      registered({ ID: 'reg:web-1:80', Meta }),
      registered({ ID: 'reg:web-2:80', Port: 8081, Meta: other }),
    ])
    const registry = await lab.start()
    observe(registry, { isComplete: true, upserts: [local()] })
    expect(endpoints(registry).map(({ id, labels }) => [id, labels])).toEqual([
      ['reg:web-1:80', { host: 'a.example.org' }],
      ['reg:web-2:80', {}],
    ])
    expect(registry.snapshot().candidates.map(({ kind }) => kind)).toEqual([
      'container',
      'container',
    ])
    observe(registry, { removals: [container] })
    expect(ids(registry)).toEqual(['reg:web-2:80'])
  })

  it('count as Docker says at once: draining, illness, a new address', async () => {
    await lab.say('web', [registered()])
    const registry = await lab.start()
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
    await lab.say('web', [registered({ checks: [{ Status: 'critical', Name: 'c' }] })])
    expect(endpoints(registry)).toMatchObject([{ health: 'critical', isHealthReported: true }])
  })

  it('do not exist without Docker daemons: then Consul alone counts', async () => {
    await lab.say('web', [registered()])
    const registry = await lab.start({ localSources: [] })
    expect(ids(registry)).toEqual(['pi1:web-1:80'])
    expect(registry.snapshot().candidates).toMatchObject([{ kind: 'container', name: 'web-1' }])
  })

  it('that are forgotten tell nobody that they are gone', async () => {
    await lab.say('web', [registered()])
    const registry = await lab.start()
    observe(registry, { upserts: [local()] })
    lab.told.length = 0
    registry.forget(source, 'is not watched any more')
    expect(ids(registry)).toEqual(['pi1:web-1:80'])
    expect(registry.sources()).toEqual([])
    expect(lab.told).toEqual([])
  })
})

describe('changes', () => {
  it('are lab.told with their cause, and not when nothing changed', async () => {
    await lab.say('web', far(2))
    const registry = await lab.start()
    const causes = lab.causesOf(registry)
    await lab.say('web', far(2))
    expect(causes).toEqual([])
    await lab.say('web', far(3))
    expect(causes).toEqual(['Consul: web changed'])
    observe(registry, { isComplete: true, upserts: [local()], cause: 'start web-1' })
    await lab.settle()
    expect(causes).toEqual(['Consul: web changed', 'start web-1'])
  })

  it('refuse an answer that is not what it should be, and keep what was there', async () => {
    await lab.say('web', far(2))
    const registry = await lab.start()
    const odd = [{ Service: { ID: 'a', Service: 'web' }, Checks: [] }]
    await lab.say('web', odd as unknown as HealthEntry[])
    expect(ids(registry)).toHaveLength(2)
    expect(registry.problems()).toMatchObject([{ what: expect.stringContaining('no name') }])
    await lab.say('web', far(1))
    await lab.clock.advance(1000)
    expect(ids(registry)).toHaveLength(1)
    expect(registry.problems()).toEqual([])
  })
})
