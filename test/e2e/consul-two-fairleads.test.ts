import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { HealthEntry } from '../../src/consul/types.ts'
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
import { untilSame } from './support/cluster-stage.ts'
import { end, type Stage } from './support/stage.ts'

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

const containerOf = ({ Service }: HealthEntry) => Service.Meta?.['fairlead-container']

const both = (count: number) =>
  Promise.all([a.untilServing(web, count), b.untilServing(web, count)])

describe('one fairlead that registers, and one that only reads', () => {
  it('route the same, as containers come and go', async () => {
    const first = await a.startContainer({ service: web })
    await a.up('--name', 'registers', ...registering(consul))
    await b.up('--name', 'reads', ...reading(consul))
    await both(1)
    // What one knows by Docker and the other by Consul alone is the same.
    await untilSame(a, 2)
    const loads = [world.load(web, a), world.load(web, b)]
    const more = await Promise.all([1, 2, 3].map(() => a.startContainer({ service: web })))
    await both(4)
    await untilInstances(a, consul, web, 4)
    await Promise.all(
      [first, ...more.slice(0, 2)].map(({ id }) => a.post(`/containers/${id}/stop`)),
    )
    await both(1)
    await untilInstances(a, consul, web, 1)
    for (const load of loads) {
      const { failures, sent } = await load.stop()
      expect(failures).toEqual([])
      expect(sent).toBeGreaterThan(0)
    }
    for (const stage of [a, b]) {
      const report = await consulReport(stage)
      expect(report).toMatchObject({ state: 'current', datacenter: 'dc1', held: [] })
      const [endpoint] = await endpointsOf(stage, web)
      expect(endpoint).toMatchObject({ node: 'node1', datacenter: 'dc1', candidate: more[2]?.name })
    }
    expect((await consulReport(b)).registrations).toBeUndefined()
    await untilSame(b, 2)
  })

  it('the reader goes on when the other is killed, and that finds everything at its restart', async () => {
    const [stays, dies] = [
      await a.startContainer({ service: web }),
      await a.startContainer({ service: web, mode: 'instant' }),
    ]
    const daemon = await a.up(...registering(consul))
    await b.up('--name', 'reads', ...reading(consul))
    await both(2)
    const before = await entriesOf(consul, web)
    const loads = [world.load(web, a), world.load(web, b)]
    const pid = await a.haproxyPid()
    await end(daemon, 'SIGKILL')
    const left = loads[1]?.report().sent ?? 0
    await b.until(() => (loads[1]?.report().sent ?? 0) > left + 50, 'the reader was asked')
    await a.remove(dies)
    const comes = await a.startContainer({ service: web })
    await a.up(...registering(consul))
    await untilRegistered(a, consul, web, [stays, comes])
    for (const each of [a, b]) await untilServed(each, web, [stays, comes])
    expect(await a.haproxyPid()).toBe(pid)
    const { haproxy } = await a.status()
    expect(haproxy, await a.log()).toMatchObject({ isAdopted: true, reloads: 0 })
    const after = await entriesOf(consul, web)
    const index = (entries: readonly HealthEntry[]) =>
      entries.find((each) => containerOf(each) === stays.id)?.Service.ModifyIndex
    expect(index(after)).toBe(index(before))
    for (const load of loads) expect((await load.stop()).failures).toEqual([])
  })
})
