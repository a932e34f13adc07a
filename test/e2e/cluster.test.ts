import type { ChildProcess } from 'node:child_process'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startConsul, type ConsulAgent } from '../support/consul/consul-agent.ts'
import type { TestServer } from '../support/plain-servers.ts'
import { balancing, clusterOf, startInstance, untilSame } from './support/cluster-stage.ts'
import { Stage } from './support/stage.ts'

let a: Stage
let b: Stage
let consul: ConsulAgent
const servers: TestServer[] = []

beforeEach(async () => {
  consul = await startConsul()
  a = await Stage.open({ hasImage: false })
  b = await Stage.open({ hasImage: false })
})

afterEach(async () => {
  await a.close()
  await b.close()
  for (const server of servers.splice(0)) await server.close()
  await consul.close()
})

async function addInstance(id: string): Promise<void> {
  servers.push(await startInstance(consul, 'web', id))
}

const up = (stage: Stage, name: string, ...args: readonly string[]): Promise<ChildProcess> =>
  stage.up(...balancing(name, 'web', consul), ...args)

describe('two load balancers of one Consul', () => {
  it('hold the same hash, whatever their folders, ports and names, and follow one another', async () => {
    await addInstance('web-1')
    await up(a, 'left')
    await up(b, 'right')
    const first = await untilSame(a, 2)
    expect(first.members.map(({ instance }) => instance)).toEqual(['left', 'right'])
    expect(first.members[0]?.http).toEqual([`127.0.0.1:${a.port}`])
    expect((await a.status()).desiredHash).not.toBe((await b.status()).desiredHash)
    await addInstance('web-2')
    await a.untilServing('web', 2)
    await a.until(async () => {
      const { members } = await clusterOf(a)
      return members.every(({ hash }) => hash !== first.members[0]?.hash)
    }, 'both tell of the change')
    const second = await untilSame(b, 2)
    const { code } = await b.ask('status', '--cluster')
    expect(code).toBe(0)
    expect(second.counts.failures).toBe(0)
  })
})
