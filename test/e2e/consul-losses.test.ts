import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ConsulAgent } from '../support/consul/consul-agent.ts'
import {
  ConsulStage,
  consulReport,
  endpointsOf,
  entriesOf,
  metric,
  problemsOf,
  reading,
  registering,
  untilInstances,
} from './support/consul-stage.ts'
import { end, type Container, type Stage } from './support/stage.ts'

let world: ConsulStage
let stage: Stage
let consul: ConsulAgent
let web: string

beforeEach(async () => {
  world = await ConsulStage.open()
  stage = world.main
  consul = await world.consul()
  web = stage.name('web')
})

afterEach(async () => {
  await world.close()
})

const cycle = (time: string) => ['--registration-cycle', time]

function start(count: number, network = 'bridge'): Promise<readonly Container[]> {
  const options = { service: web, mode: 'instant', network } as const
  return Promise.all(Array.from({ length: count }, () => stage.startContainer(options)))
}

const heldCount = async (of: Stage): Promise<number> =>
  (await consulReport(of)).held.find(({ service }) => service === web)?.endpoints.length ?? 0

/** Notes the fewest endpoints that a fairlead had of the service, until it is told to end. */
function watchFewest(of: Stage): () => Promise<number> {
  let fewest = Number.POSITIVE_INFINITY
  const end = new AbortController()
  const watching = (async () => {
    while (!end.signal.aborted) {
      fewest = Math.min(fewest, (await endpointsOf(of, web)).length)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  })()
  const ended = async (): Promise<number> => {
    end.abort()
    await watching
    return fewest
  }
  world.onClose(ended)
  return ended
}

describe('an agent that comes back without anything that it knew', () => {
  it('is told everything again at once, and nobody notices', async () => {
    const reader = await world.another()
    const containers = await start(4)
    // So long that no regular comparison can be what repairs it.
    await stage.up(...registering(consul), ...cycle('10m'))
    await reader.up(...reading(consul), ...cycle('10m'))
    const both = [stage, reader]
    for (const each of both) await each.untilServing(web, 4)
    const ends = both.map(watchFewest)
    const loads = both.map((each) => world.load(web, each))
    await consul.kill()
    await stage.until(async () => (await consulReport(stage)).state === 'waiting', 'it is missed')
    await consul.startEmpty()
    await untilInstances(stage, consul, web, 4)
    for (const each of both) {
      await each.until(async () => {
        const { state } = await consulReport(each)
        return state === 'current' && (await heldCount(each)) === 0
      }, 'all is normal again')
      await each.untilServing(web, 4)
    }
    expect(await Promise.all(ends.map((fewest) => fewest()))).toEqual([4, 4])
    for (const load of loads) {
      const { failures, byHostname } = await load.stop()
      expect(failures).toEqual([])
      expect(byHostname.size).toBe(containers.length)
    }
  })

  it('costs no request of a service with one endpoint only', async () => {
    const reader = await world.another()
    await start(1)
    await stage.up(...registering(consul), ...cycle('10m'))
    await reader.up(...reading(consul), ...cycle('10m'))
    const both = [stage, reader]
    for (const each of both) await each.untilServing(web, 1)
    const ends = both.map(watchFewest)
    const loads = both.map((each) => world.load(web, each))
    await consul.kill()
    await consul.startEmpty()
    await untilInstances(stage, consul, web, 1)
    for (const each of both) {
      await each.until(async () => (await consulReport(each)).state === 'current', 'it is back')
      await each.until(async () => (await heldCount(each)) === 0, 'nothing is held any more')
      await each.untilServing(web, 1)
    }
    expect(await Promise.all(ends.map((fewest) => fewest()))).toEqual([1, 1])
    for (const load of loads) expect((await load.stop()).failures).toEqual([])
  })

  it('is not believed by who only reads, and that is on show until all is registered', async () => {
    const reader = await world.another()
    await start(4)
    const daemon = await stage.up(...registering(consul))
    await reader.up(...reading(consul), ...cycle('10m'))
    await reader.untilServing(web, 4)
    await end(daemon, 'SIGTERM')
    const fewest = watchFewest(reader)
    const load = world.load(web, reader)
    await consul.kill()
    await consul.startEmpty()
    await reader.until(async () => (await heldCount(reader)) === 4, 'the removals are held')
    expect(await metric(reader, `fairlead_held_back{service="${web}"}`)).toBe(4)
    const heldInAll = await metric(reader, 'fairlead_held_back_total{datacenter="dc1"}')
    expect(heldInAll).toBeGreaterThanOrEqual(4)
    const { stdout } = await reader.ask('status')
    expect(stdout).toMatch(/HELD BACK/)
    expect(stdout).toMatch(/4 endpoints gone from Consul for .*, confirmed or not in (9|10) ?m/)
    expect(await problemsOf(reader)).toMatch(/Consul suddenly lost 4 of its endpoints/)
    expect(await entriesOf(consul, web)).toEqual([])
    await stage.up(...registering(consul))
    await reader.until(async () => (await heldCount(reader)) === 0, 'nothing is held any more')
    await reader.untilServing(web, 4)
    expect(await metric(reader, `fairlead_held_back{service="${web}"}`)).toBe(0)
    expect(await problemsOf(reader)).not.toContain(web)
    expect(await fewest()).toBe(4)
    expect((await load.stop()).failures).toEqual([])
  })
})

/**
 * Starts containers and registers them on a node that has no agent. They have a network of their
 * own, so that no other container gets the address of one that ended.
 */
async function startOnNode(node: string, count: number): Promise<readonly Container[]> {
  const network = await stage.createNetwork('net')
  const containers = await start(count, network)
  for (const container of containers) {
    const address = await stage.addressOf(container, network)
    await consul.api('PUT', '/v1/catalog/register', {
      Node: node,
      Address: address,
      Service: {
        ID: container.name,
        Service: web,
        Address: address,
        Port: 80,
        Meta: { fairlead_enable: 'true' },
      },
    })
  }
  return containers
}

/** All at once: Consul's next answer lacks them all. */
async function deregisterOnNode(node: string, containers: readonly Container[]): Promise<void> {
  const operations = containers.map(({ name }) => ({
    Service: { Verb: 'delete', Node: node, Service: { ID: name, Service: web } },
  }))
  const { status } = await consul.api('PUT', '/v1/txn', operations)
  expect(status).toBe(200)
}

describe('a service that loses most of its endpoints in one answer', () => {
  it('keeps them, HAProxy takes out the dead ones, and after the cycle they are gone', async () => {
    const containers = await startOnNode('ghost', 4)
    await stage.up(...reading(consul), ...cycle('5s'))
    await stage.untilServing(web, 4)
    const load = world.load(web)
    const [dead, ...others] = containers as [Container, ...Container[]]
    await deregisterOnNode('ghost', [dead, ...others.slice(0, 2)])
    const heldInAll = () => metric(stage, 'fairlead_held_back_total{datacenter="dc1"}')
    await stage.until(async () => (await heldInAll()) === 3, 'three were held')
    await stage.remove(dead)
    await stage.until(async () => {
      const endpoints = await endpointsOf(stage, web)
      const found = endpoints.find(({ candidate }) => candidate === dead.name)
      return found === undefined || found.haproxyStatus.startsWith('DOWN')
    }, 'HAProxy has missed the dead one, or the hold is over')
    await stage.untilServing(web, 1)
    expect(await heldCount(stage)).toBe(0)
    expect(await heldInAll()).toBe(3)
    expect((await load.stop()).failures).toEqual([])
  })

  it('lets them go at once when somebody confirms it', async () => {
    const containers = await startOnNode('ghost', 4)
    await stage.up(...reading(consul), ...cycle('1h'))
    await stage.untilServing(web, 4)
    const load = world.load(web)
    await deregisterOnNode('ghost', containers.slice(0, 3))
    await stage.until(async () => (await heldCount(stage)) === 3, 'three are held')
    await stage.untilServing(web, 4)
    expect((await stage.ask('confirm', 'nobody')).code).toBe(1)
    const { code, stdout } = await stage.ask('confirm', web)
    expect(code).toBe(0)
    expect(stdout).toContain(containers[0]?.name)
    await stage.untilServing(web, 1)
    expect((await stage.ask('confirm')).code).toBe(1)
    expect((await load.stop()).failures).toEqual([])
  })

  it("loses them at once when it is this host's Docker that says so", async () => {
    const containers = await start(5)
    await stage.up(...registering(consul), ...cycle('1h'))
    await stage.untilServing(web, 5)
    await Promise.all(containers.slice(1).map(({ id }) => stage.post(`/containers/${id}/kill`)))
    await stage.untilServing(web, 1)
    await untilInstances(stage, consul, web, 1)
    expect(await metric(stage, 'fairlead_held_back_total{datacenter="dc1"}')).toBe(0)
  })
})
