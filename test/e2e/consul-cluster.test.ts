import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ConsulAgent } from '../support/consul/consul-agent.ts'
import { startConsulCluster, type ConsulCluster } from '../support/consul/consul-cluster.ts'
import {
  ConsulStage,
  consulReport,
  metric,
  registering,
  untilInstances,
  untilRegistered,
  untilServed,
} from './support/consul-stage.ts'
import type { Load } from './support/load.ts'
import type { Container, Stage } from './support/stage.ts'

let world: ConsulStage
let stage: Stage
let cluster: ConsulCluster
let agent: ConsulAgent
let web: string

beforeEach(async () => {
  world = await ConsulStage.open()
  stage = world.main
  cluster = await startConsulCluster(3)
  world.onClose(() => cluster.close())
  agent = await cluster.startClient()
  web = stage.name('web')
})

afterEach(async () => {
  await world.close()
})

const run = () => stage.startContainer({ service: web, mode: 'instant' })

/** Waits until this container has answered requests. */
async function untilAnswering(load: Load, { hostname, name }: Container): Promise<void> {
  await stage.until(() => (load.report().byHostname.get(hostname) ?? 0) > 0, `${name} answers`)
}

describe('three servers and an agent on this host', () => {
  it('lose their leader: no request fails, and what starts later is found', async () => {
    await Promise.all([run(), run()])
    await stage.up(...registering(agent))
    await stage.untilServing(web, 2)
    const load = world.load(web)
    const leader = await cluster.leader()
    await leader.kill()
    expect(await cluster.leader()).not.toBe(leader)
    const later = await run()
    await untilAnswering(load, later)
    await untilInstances(stage, agent, web, 3)
    await stage.untilServing(web, 3)
    await leader.start()
    const last = await run()
    await untilAnswering(load, last)
    await stage.untilServing(web, 4)
    expect((await load.stop()).failures).toEqual([])
  })

  it('are read by way of another one when that which is asked is gone', async () => {
    const reader = await world.another()
    await run()
    await stage.up(...registering(agent))
    const [first, second] = cluster.servers as [ConsulAgent, ConsulAgent]
    const uri = `consul://${first.address},${second.address}`
    await reader.up('--registry', uri, '--docker', 'none')
    await reader.untilServing(web, 1)
    const load = world.load(web, reader)
    await first.kill()
    await run()
    await reader.untilServing(web, 2)
    // Other services than this one may be asked for a moment later.
    await reader.until(
      async () => (await consulReport(reader)).state === 'current',
      'Consul is current',
    )
    expect((await load.stop()).failures).toEqual([])
  })

  it('lose their quorum: the last state stays, this host is followed, and all is well after', async () => {
    const [stays, dies] = [await run(), await run()]
    await stage.up(...registering(agent), '--registration-cycle', '10m')
    await stage.untilServing(web, 2)
    const load = world.load(web)
    const killed = cluster.servers.slice(1)
    await Promise.all(killed.map((server) => server.kill()))
    // The one that is left believes in the old leader for a moment.
    await stage.until(
      async () => (await consulReport(stage)).state === 'stale',
      'the loss is noticed',
    )
    const { stdout } = await stage.ask('status')
    expect(stdout).toMatch(/Consul at .* \(dc1\) has no leader for \d/)
    await stage.until(
      async () => (await metric(stage, 'fairlead_consul_age_seconds{datacenter="dc1"}')) > 0,
      'the age is counted',
    )
    expect(await metric(stage, 'fairlead_consul_current{datacenter="dc1"}')).toBe(0)
    await stage.post(`/containers/${dies.id}/kill`)
    await stage.untilServing(web, 1)
    const comes = await run()
    await untilAnswering(load, comes)
    await stage.untilServing(web, 2)
    await Promise.all(killed.map((server) => server.start()))
    await stage.until(
      async () => (await consulReport(stage)).state === 'current',
      'Consul is current again',
    )
    await untilRegistered(stage, agent, web, [stays, comes])
    const last = await run()
    await untilAnswering(load, last)
    await untilRegistered(stage, agent, web, [stays, comes, last])
    await untilServed(stage, web, [stays, comes, last])
    expect((await load.stop()).failures).toEqual([])
  })
})
