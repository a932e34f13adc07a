import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { startConsul, type ConsulAgent } from '../support/consul/consul-agent.ts'
import { startConsulCluster } from '../support/consul/consul-cluster.ts'
import { startFaultProxy } from '../support/consul/fault-proxy.ts'
import {
  deregisterInstance,
  followConsul,
  registerInstance,
  type FollowedConsul,
} from '../support/consul/follow-consul.ts'
import { waitUntil } from '../support/wait-until.ts'

const closers: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

function closing<T extends { close(): Promise<unknown> }>(opened: T): T {
  closers.push(() => opened.close())
  return opened
}

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), `fairlead-t-${process.pid}-registry-`))
  closers.push(() => rm(path, { recursive: true, force: true }))
  return path
}

const ids = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `node1:web-${index + 1}:80`)

async function registerAll(agent: ConsulAgent, all: readonly string[]): Promise<void> {
  for (const [index, ID] of all.entries()) {
    await agent.api('PUT', '/v1/agent/service/register', {
      ID,
      Name: 'web',
      Address: '127.0.0.1',
      Port: 8001 + index,
    })
  }
}

const shown = (followed: FollowedConsul): string[] => Object.keys(followed.states('web'))

/** Counts, at every snapshot, the fewest endpoints that a service ever had. */
function watchFewest(followed: FollowedConsul): { readonly fewest: () => number } {
  let fewest = shown(followed).length
  const end = new AbortController()
  const done = (async () => {
    for await (const _ of followed.registry.changes(end.signal)) {
      fewest = Math.min(fewest, shown(followed).length)
    }
  })()
  closers.push(() => {
    end.abort()
    return done
  })
  return { fewest: () => fewest }
}

describe('a loss of most of a service', () => {
  it('by an agent that was started empty and is filled again never leaves the snapshot', async () => {
    const agent = closing(await startConsul({ nodeName: 'node1' }))
    await registerAll(agent, ids(5))
    const followed = closing(await followConsul(agent.address))
    const { fewest } = watchFewest(followed)
    await agent.kill()
    await waitUntil('it is missed', () => followed.registry.state().state === 'waiting')
    expect(shown(followed)).toEqual(ids(5))
    await agent.startEmpty()
    await waitUntil('the loss is seen', () => followed.registry.held().length === 1, 60_000)
    expect(followed.registry.held()).toMatchObject([{ service: 'web', endpoints: ids(5) }])
    // Which of the reads that the dead agent refused is the last to succeed again is open: one of
    // them may still be on show beside the loss.
    expect(followed.registry.problems().map((problem) => problem.what)).toContainEqual(
      expect.stringMatching(/^Consul suddenly lost 5 of its endpoints/),
    )
    await registerAll(agent, ids(5))
    await waitUntil('nothing is held', () => followed.registry.held().length === 0, 60_000)
    expect(shown(followed)).toEqual(ids(5))
    expect(fewest()).toBe(5)
    expect(followed.registry.state().counts.held).toBe(5)
  })

  it('is confirmed by a read of its own after the cycle', async () => {
    const agent = closing(await startConsul({ nodeName: 'node1' }))
    for (const id of ids(4)) await registerInstance(agent, { node: 'out', id, service: 'web' })
    const followed = closing(await followConsul(agent.address, { cycleMs: 1500 }))
    await deregisterInstance(agent, 'out')
    await waitUntil('the loss is seen', () => followed.registry.held().length === 1)
    expect(shown(followed)).toHaveLength(4)
    await waitUntil('they are gone', () => shown(followed).length === 0)
    expect(followed.registry.held()).toEqual([])
  })

  it('happens at once when it is confirmed by hand', async () => {
    const agent = closing(await startConsul({ nodeName: 'node1' }))
    for (const id of ids(4)) await registerInstance(agent, { node: 'out', id, service: 'web' })
    const followed = closing(await followConsul(agent.address))
    await deregisterInstance(agent, 'out')
    await waitUntil('the loss is seen', () => followed.registry.held().length === 1)
    expect(followed.registry.confirm('other')).toEqual([])
    expect(followed.registry.confirm('web')).toEqual(ids(4).map((id) => `out/${id}`))
    expect(shown(followed)).toEqual([])
    expect(followed.registry.problems()).toEqual([])
  })

  it('that happened while fairlead was not running is held back after its start, too', async () => {
    const path = await folder()
    const agent = closing(await startConsul({ nodeName: 'node1' }))
    await registerAll(agent, ids(5))
    const first = await followConsul(agent.address, { folder: path })
    const before = first.endpoint('node1:web-1:80')
    await first.close()
    await agent.kill()
    await agent.startEmpty()
    const second = closing(await followConsul(agent.address, { folder: path }))
    expect(second.registry.held()).toMatchObject([{ service: 'web', endpoints: ids(5) }])
    expect(second.endpoint('node1:web-1:80')).toEqual(before)
    expect(second.registry.confirm('web')).toEqual(ids(5))
    expect(second.registry.snapshot().services.size).toBe(0)
    expect(second.registry.snapshot().candidates).toEqual([])
  })
})

describe('without Consul', () => {
  it('a start knows the last good state, keeps it, and identities and times stay when Consul is back', async () => {
    const path = await folder()
    const agent = closing(await startConsul({ nodeName: 'node1' }))
    await registerAll(agent, ids(2))
    const first = await followConsul(agent.address, { folder: path })
    const before = first.registry.snapshot().services.get('web')
    await first.close()
    const proxy = closing(await startFaultProxy(agent.url))
    await proxy.refuse()
    const starting = followConsul(proxy.address, { folder: path })
    await proxy.accept()
    const second = closing(await starting)
    expect(second.registry.snapshot().services.get('web')).toEqual(before)
    await proxy.refuse()
    await waitUntil('it is missed', () => second.registry.state().state === 'waiting')
    expect(second.registry.state().error).toMatch(/ECONNREFUSED|reset|hang up/)
    expect(second.registry.snapshot().services.get('web')).toEqual(before)
    await proxy.accept()
    await waitUntil('it is back', () => second.registry.state().state === 'current')
    await waitUntil('no problem is left', () => second.registry.problems().length === 0)
  })

  it('in a majority the catalogue stands as stale, and is current again by itself', async () => {
    const cluster = closing(await startConsulCluster(3))
    const [one, two, three] = cluster.servers as [ConsulAgent, ConsulAgent, ConsulAgent]
    await registerAll(one, ids(3))
    const followed = closing(await followConsul(one.address))
    // The server that is asked may lag behind the leader.
    await waitUntil('all three are there', () => shown(followed).length === 3)
    await Promise.all([two.kill(), three.kill()])
    await waitUntil('it is stale', () => followed.registry.state().state === 'stale', 60_000)
    expect(shown(followed)).toHaveLength(3)
    expect(followed.registry.problems()).toEqual([])
    await Promise.all([two.start(), three.start()])
    await waitUntil('it is current', () => followed.registry.state().state === 'current', 60_000)
    await registerAll(one, ids(4))
    await waitUntil('the fourth is there', () => shown(followed).length === 4, 60_000)
  })
})

describe('a token', () => {
  it('that may read a part of the catalogue gives that part', async () => {
    const agent = closing(await startConsul({ nodeName: 'node1', acl: true }))
    await registerAll(agent, ids(3))
    await agent.api('PUT', '/v1/agent/service/register', { ID: 'secret', Name: 'secret', Port: 1 })
    const policy = async (name: string, rules: string): Promise<void> => {
      const { status } = await agent.api('PUT', '/v1/acl/policy', { Name: name, Rules: rules })
      expect(status).toBe(200)
    }
    await policy('part', 'service "web" { policy = "read" } node_prefix "" { policy = "read" }')
    const { body } = await agent.api<{ SecretID: string }>('PUT', '/v1/acl/token', {
      Policies: [{ Name: 'part' }],
    })
    const followed = closing(await followConsul(agent.address, { token: body.SecretID }))
    expect([...followed.registry.snapshot().services.keys()]).toEqual(['web'])
    expect(shown(followed)).toEqual(ids(3))
    expect(followed.registry.problems()).toEqual([])
  })

  it('that Consul refuses is said, and what was known stands', async () => {
    const path = await folder()
    const agent = closing(await startConsul({ nodeName: 'node1', acl: true }))
    await registerAll(agent, ids(3))
    const token = agent.token ?? ''
    const first = await followConsul(agent.address, { folder: path, token })
    await first.close()
    const unknown = '00000000-1111-2222-3333-444444444444'
    const options = { folder: path, token: unknown }
    await expect(followConsul(agent.address, options, 2000)).rejects.toThrow('everything is read')
    const third = closing(await followConsul(agent.address, { folder: path, token }))
    expect(shown(third)).toEqual(ids(3))
  })
})

describe('settings', () => {
  it('name services and tags, and with the scope `chosen` nothing else is read', async () => {
    const agent = closing(await startConsul({ nodeName: 'node1' }))
    await registerInstance(agent, { node: 'out', id: 'a', service: 'shop-a' })
    await registerInstance(agent, { node: 'out', id: 'b', service: 'b', more: { Tags: ['web'] } })
    await registerInstance(agent, { node: 'out', id: 'c', service: 'c' })
    const filter = { services: ['shop*'], tags: ['web'] }
    const all = closing(await followConsul(agent.address, { filter }))
    const chosen = all.registry.snapshot().candidates.map((each) => [each.name, each.chosenBy])
    expect(Object.fromEntries(chosen)).toEqual({
      a: '--service shop*',
      b: '--tag web',
      c: undefined,
    })
    const some = closing(await followConsul(agent.address, { filter, scope: 'chosen' }))
    expect([...some.registry.snapshot().services.keys()].sort()).toEqual(['b', 'shop-a'])
    await registerInstance(agent, { node: 'out', id: 'c', service: 'c', more: { Tags: ['web'] } })
    await waitUntil('c is there', () => some.endpoint('out/c') !== undefined)
    await registerInstance(agent, { node: 'out', id: 'c', service: 'c' })
    await waitUntil('c is gone', () => some.endpoint('out/c') === undefined)
  })

  it('say that a warning takes an endpoint out', async () => {
    const agent = closing(await startConsul({ nodeName: 'node1' }))
    await registerInstance(agent, { node: 'out', id: 'a', service: 'web', status: 'warning' })
    const followed = closing(await followConsul(agent.address, { warningIs: 'out' }))
    expect(followed.states('web')).toEqual({ 'out/a': 'critical' })
    expect(followed.endpoint('out/a')?.healthReason).toBe('check "answers" is warning')
  })
})
