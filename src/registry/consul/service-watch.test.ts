import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { far, ids, RegistryLab } from '../../../test/support/consul/registry-lab.ts'
import { FakeConsul } from '../../consul/testing/fake-consul.ts'
import type { ConsulRegistry } from './consul-registry.ts'

let lab: RegistryLab
/** The leader of the servers that `lab.consul` stands for. */
let leader: FakeConsul

beforeEach(async () => {
  lab = await RegistryLab.open()
  leader = new FakeConsul()
})

afterEach(() => lab.close())

const path = '/v1/health/service/web'
const lastContactMs = 20

/** What a server that is not the leader says from now on. */
async function say(index: number, count: number): Promise<void> {
  lab.consul.set(path, far(count), { index, lastContactMs })
  await lab.settle()
}

async function leaderSays(index: number, count: number): Promise<void> {
  leader.set(path, far(count), { index })
  await lab.settle()
}

/** Both have two instances of the one service. */
async function start(): Promise<ConsulRegistry> {
  lab.consul.set('/v1/catalog/services', { web: [] })
  await say(100, 2)
  await leaderSays(100, 2)
  const registry = await lab.start({ leader, cycleMs: 0 })
  expect(ids(registry)).toEqual(['pi2/web1', 'pi2/web2'])
  return registry
}

describe("the leader's answer", () => {
  it('counts before any other server has it, and is not asked for by a query that any may answer', async () => {
    const registry = await start()
    await leaderSays(101, 3)
    expect(ids(registry)).toEqual(['pi2/web1', 'pi2/web2', 'pi2/web3'])
    expect(leader.requests.map(({ query }) => query['stale'])).not.toContain(true)
  })

  it('is no news when a server gives the same later', async () => {
    const registry = await start()
    await leaderSays(101, 3)
    const { revision } = registry.snapshot()
    await say(101, 3)
    expect(registry.snapshot().revision).toBe(revision)
    await say(102, 1)
    expect(ids(registry)).toEqual(['pi2/web1'])
  })

  it('that is older than what a server said is passed over', async () => {
    const registry = await start()
    await say(102, 1)
    await leaderSays(101, 3)
    expect(ids(registry)).toEqual(['pi2/web1'])
  })

  it('is missed by nobody: the servers answer without it', async () => {
    const registry = await start()
    leader.fail(path)
    await lab.settle()
    await say(101, 3)
    expect(ids(registry)).toHaveLength(3)
    expect(registry.state().state).toBe('current')
    expect(registry.problems()).toEqual([])
    leader.heal()
    await lab.clock.advance(5000)
    await leaderSays(102, 1)
    expect(ids(registry)).toEqual(['pi2/web1'])
  })

  it('of which something is missing counts as none', async () => {
    const registry = await start()
    leader.set(path, [{ Node: null }], { index: 101 })
    await lab.settle()
    expect(ids(registry)).toHaveLength(2)
  })
})

describe('a server that is behind the leader', () => {
  it('takes nothing back while it catches up', async () => {
    const registry = await start()
    await leaderSays(103, 3)
    await say(102, 1)
    expect(ids(registry)).toHaveLength(3)
    await say(103, 3)
    const reads = lab.consul.count(path)
    await lab.clock.advance(5000)
    expect(ids(registry)).toHaveLength(3)
    expect(lab.consul.count(path)).toBe(reads)
  })

  it('is believed when it stays behind', async () => {
    const registry = await start()
    await leaderSays(103, 3)
    await say(102, 1)
    for (let second = 0; second < 10; second += 1) {
      await lab.clock.advance(1000)
      lab.consul.expire(path)
      await lab.settle()
    }
    expect(ids(registry)).toEqual(['pi2/web1'])
  })

  it('by far has lost its state, and is believed at once', async () => {
    const registry = await start()
    await leaderSays(103, 3)
    await say(12, 1)
    expect(ids(registry)).toEqual(['pi2/web1'])
  })
})

describe('the leader is not asked', () => {
  it('where it is the leader that answers anyway', async () => {
    lab.consul.set('/v1/catalog/services', { web: [] })
    lab.consul.set(path, far(2), { index: 100 })
    await lab.start({ leader })
    expect(leader.count()).toBe(0)
  })

  it('while there are many services', async () => {
    const names = Array.from({ length: 17 }, (_, index) => `web${index}`)
    const tell = async (some: readonly string[]): Promise<void> => {
      lab.consul.set('/v1/catalog/services', Object.fromEntries(some.map((name) => [name, []])))
      await lab.settle()
    }
    for (const name of names) {
      lab.consul.set(`/v1/health/service/${name}`, [], { index: 100, lastContactMs })
      leader.set(`/v1/health/service/${name}`, [], { index: 100 })
    }
    await tell(names.slice(1))
    await lab.start({ leader })
    expect(leader.blocked()).toBe(16)
    await tell(names)
    expect(leader.blocked()).toBe(0)
    await tell(names.slice(1))
    lab.consul.set('/v1/health/service/web1', [], { index: 101, lastContactMs })
    await lab.settle()
    expect(leader.blocked('/v1/health/service/web1')).toBe(1)
  })

  it('any longer about a service that is gone', async () => {
    await start()
    expect(leader.blocked()).toBe(1)
    lab.consul.set('/v1/catalog/services', {})
    await lab.settle()
    expect(leader.blocked()).toBe(0)
  })
})
