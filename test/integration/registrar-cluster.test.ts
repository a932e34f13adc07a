import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { idOf, labContainer } from '../../src/registration/testing/registrar-lab.ts'
import type { ConsulAgent } from '../support/consul/consul-agent.ts'
import { startConsulCluster, type ConsulCluster } from '../support/consul/consul-cluster.ts'
import { RunningRegistrar } from '../support/running-registrar.ts'

type Instance = { Node: string; ServiceID: string }

describe('a registrar on an agent of a cluster', () => {
  let cluster: ConsulCluster
  let client: ConsulAgent
  let running: RunningRegistrar | undefined

  beforeAll(async () => {
    cluster = await startConsulCluster(3)
    client = await cluster.startClient()
  })
  afterEach(async () => {
    await running?.end()
    running = undefined
  })
  afterAll(() => cluster.close())

  /** `node id` of each instance, as a server that runs has it. */
  const catalogued = async (): Promise<readonly string[]> => {
    const server = cluster.servers.find(({ isRunning }) => isRunning)
    const path = '/v1/catalog/service/web?stale'
    const body = (await server?.api<readonly Instance[]>('GET', path))?.body ?? []
    return body.map(({ Node, ServiceID }) => `${Node} ${ServiceID}`).toSorted()
  }
  const here = (...numbers: readonly number[]) => numbers.map((each) => `client1 ${idOf(each)}`)

  it('goes on without a leader, and the catalogue is right when there is one again', async () => {
    running = new RunningRegistrar(`consul://${client.address}`)
    running.list(labContainer(1), labContainer(2))
    await running.registrar.settled()
    await expect.poll(catalogued, { timeout: 60_000 }).toEqual(here(1, 2))
    const [, second, third] = cluster.servers
    await Promise.all([second?.kill(), third?.kill()])
    running.die(1)
    running.up(labContainer(3))
    await running.registrar.settled()
    expect(running.registrar.state()).toMatchObject({ registered: 2, problems: [] })
    second?.launch()
    third?.launch()
    await cluster.leader()
    await expect.poll(catalogued, { timeout: 60_000 }).toEqual(here(2, 3))
  })

  it('registers with no other agent when its own is away', async () => {
    const [other] = cluster.servers
    running = new RunningRegistrar(`consul://${client.address},${other?.address}`)
    running.list(labContainer(2), labContainer(3))
    await running.registrar.settled()
    await client.stop()
    running.up(labContainer(4))
    const { registrar } = running
    await expect.poll(() => registrar.state().isReachable).toBe(false)
    expect(await catalogued()).toEqual(here(2, 3))
    await client.start()
    await expect.poll(catalogued, { timeout: 60_000 }).toEqual(here(2, 3, 4))
  })
})
