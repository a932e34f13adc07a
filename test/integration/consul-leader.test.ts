import { afterEach, expect, it } from 'vitest'
import { startConsul } from '../support/consul/consul-agent.ts'
import { startConsulCluster } from '../support/consul/consul-cluster.ts'
import { followConsul, registerInstance } from '../support/consul/follow-consul.ts'
import { waitUntil } from '../support/wait-until.ts'

const closers: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

function closing<T extends { close(): Promise<unknown> }>(opened: T): T {
  closers.push(() => opened.close())
  return opened
}

const web = (number: number) => ({ node: 'n', id: `web-${number}`, service: 'web' })

it('follows services by the leader too where another server answers, and without it when it is killed', async () => {
  const cluster = closing(await startConsulCluster(3))
  const leader = await cluster.leader()
  const server = cluster.servers.find((each) => each !== leader) ?? leader
  await registerInstance(server, web(0))
  const followed = closing(await followConsul(server.address))
  const count = (): number => Object.keys(followed.states('web')).length
  const has = (wanted: number): Promise<void> =>
    waitUntil(`${wanted} endpoints`, () => count() === wanted)
  for (let number = 1; number < 10; number += 1) {
    await registerInstance(server, web(number))
    await has(number + 1)
  }
  // One that blocks, and at least one that was answered.
  expect(followed.leaderClient.counts.requests).toBeGreaterThan(1)

  await leader.kill()
  await cluster.leader()
  await registerInstance(server, web(10))
  await has(11)
  expect(followed.registry.state().state).toBe('current')
  expect(followed.registry.problems()).toEqual([])
})

it('asks a lone server once, not twice', async () => {
  const agent = closing(await startConsul())
  await registerInstance(agent, web(0))
  const followed = closing(await followConsul(agent.address))
  await registerInstance(agent, web(1))
  await waitUntil('2 endpoints', () => Object.keys(followed.states('web')).length === 2)
  expect(followed.leaderClient.counts.requests).toBe(0)
})
