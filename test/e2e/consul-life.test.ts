import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ConsulAgent } from '../support/consul/consul-agent.ts'
import {
  ConsulStage,
  consulReport,
  endpointsOf,
  entriesOf,
  reading,
  registering,
  untilInstances,
  untilRegistered,
  untilServed,
} from './support/consul-stage.ts'
import { get, type Load } from './support/load.ts'
import { end, type Container, type Stage } from './support/stage.ts'

let world: ConsulStage
let a: Stage
let b: Stage
let consul: ConsulAgent
let web: string

beforeEach(async () => {
  world = await ConsulStage.open()
  a = world.main
  b = await world.another()
  consul = await world.consul()
  web = a.name('web')
})

afterEach(async () => {
  await world.close()
})

const both = (count: number) => Promise.all([a, b].map((each) => each.untilServing(web, count)))

async function expectNoFailure(loads: readonly Load[]): Promise<void> {
  for (const load of loads) {
    const { failures, sent } = await load.stop()
    expect(failures).toEqual([])
    expect(sent).toBeGreaterThan(0)
  }
}

describe('containers', () => {
  it('that are restarted one after the other cost no request anywhere', async () => {
    const containers = [
      await a.startContainer({ service: web }),
      await a.startContainer({ service: web }),
    ]
    await a.up(...registering(consul))
    await b.up(...reading(consul))
    await both(2)
    const loads = [world.load(web, a), world.load(web, b)]
    for (const { id } of containers) {
      const before = (await entriesOf(consul, web)).map(startOf)
      await a.post(`/containers/${id}/restart`)
      await a.until(async () => {
        const now = (await entriesOf(consul, web)).map(startOf)
        return now.length === 2 && now.join() !== before.join()
      }, 'it is registered anew')
      await both(2)
    }
    await expectNoFailure(loads)
  })

  it('that are paused are out everywhere, also when fairlead ends meanwhile', async () => {
    const paused = await a.startContainer({ service: web })
    await a.startContainer({ service: web })
    const daemon = await a.up(...registering(consul))
    await b.up(...reading(consul))
    await both(2)
    await a.post(`/containers/${paused.id}/pause`)
    const isOut = async (of: Stage) =>
      (await endpointsOf(of, web)).find(({ candidate }) => candidate === paused.name)?.admin !==
      'ready'
    for (const each of [a, b]) await each.until(() => isOut(each), 'it is out')
    await end(daemon, 'SIGKILL')
    await a.post(`/containers/${paused.id}/unpause`)
    await a.up(...registering(consul))
    await both(2)
    await a.post(`/containers/${paused.id}/pause`)
    for (const each of [a, b]) await each.until(() => isOut(each), 'it is out again')
    await a.post(`/containers/${paused.id}/unpause`)
    await both(2)
  })

  it('with a HEALTHCHECK are in and out as it says, and survive a restart of the agent', async () => {
    const options = { service: web, hasHealthcheck: true }
    const containers = [await a.startContainer(options), await a.startContainer(options)]
    await a.up(...registering(consul))
    await b.up(...reading(consul))
    await both(2)
    const loads = [world.load(web, a), world.load(web, b)]
    await consul.stop()
    await a.until(async () => (await consulReport(a)).state === 'waiting', 'it is missed')
    await consul.start()
    for (const each of [a, b]) {
      await each.until(async () => (await consulReport(each)).state === 'current', 'it is back')
    }
    await a.until(async () => {
      const entries = await entriesOf(consul, web)
      return entries.length === 2 && entries.every(isPassing)
    }, 'Consul knows that they are well')
    await both(2)
    await expectNoFailure(loads)
    const ill = containers[0] as Container
    await get({ port: 80, address: await a.addressOf(ill), path: '/unhealthy' })
    for (const each of [a, b]) {
      await each.until(async () => {
        const found = (await endpointsOf(each, web)).find(({ candidate }) => candidate === ill.name)
        return found?.admin === 'maint'
      }, 'the ill one is out')
    }
    await get({ port: 80, address: await a.addressOf(ill), path: '/healthy' })
    await both(2)
  })
})

const startOf = ({ Service }: { Service: { Meta?: Readonly<Record<string, string>> | null } }) =>
  Service.Meta?.['fairlead-started']
const isPassing = ({ Checks }: { Checks: readonly { Status: string }[] }) =>
  Checks.every(({ Status }) => Status === 'passing')

describe('two fairleads that register the same host', () => {
  it('leave each other in peace, and either may end', async () => {
    const proxies = [await world.proxy(consul), await world.proxy(consul)] as const
    const containers = [await a.startContainer({ service: web })]
    const daemon = await a.up(...registering(proxies[0]))
    await a.untilServing(web, 1)
    await b.up(...registering(proxies[1]), '--registration-cycle', '1s')
    await b.untilServing(web, 1)
    for (let more = 0; more < 3; more++) containers.push(await a.startContainer({ service: web }))
    await both(4)
    await untilInstances(a, consul, web, 4)
    const indexes = async () =>
      (await entriesOf(consul, web)).map(({ Service }) => Service.ModifyIndex).join()
    const before = await indexes()
    const listed = proxies[1].count('/v1/agent/services')
    await b.until(() => proxies[1].count('/v1/agent/services') > listed + 3, 'it has compared')
    expect(await indexes()).toBe(before)
    await end(daemon, 'SIGTERM')
    const load = world.load(web, a)
    await a.post(`/containers/${containers[0]?.id}/stop`)
    await b.untilServing(web, 3)
    await untilInstances(b, consul, web, 3)
    expect((await load.stop()).failures).toEqual([])
  })
})

describe('an agent that stops to answer, with its connections open', () => {
  it('costs no request, and what it missed is caught up with', async () => {
    const stays = await a.startContainer({ service: web })
    const dies = await a.startContainer({ service: web, mode: 'instant' })
    await a.up(...registering(consul))
    await b.up(...reading(consul))
    await both(2)
    const loads = [world.load(web, a), world.load(web, b)]
    await consul.freeze()
    await a.post(`/containers/${dies.id}/stop`)
    await a.untilServing(web, 1)
    const comes = await a.startContainer({ service: web })
    for (const each of [a, b]) {
      await each.until(
        async () => (await consulReport(each)).state === 'waiting',
        'the silence is noticed',
        60_000,
      )
    }
    await a.until(
      () => (loads[0]?.report().byHostname.get(comes.hostname) ?? 0) > 0,
      'the new one answers here',
    )
    consul.thaw()
    await untilRegistered(a, consul, web, [stays, comes])
    for (const each of [a, b]) await untilServed(each, web, [stays, comes])
    await expectNoFailure(loads)
  })
})
