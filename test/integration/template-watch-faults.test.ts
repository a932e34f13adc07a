import { afterEach, describe, expect, it } from 'vitest'
import { ConsulError } from '../../src/consul/errors.ts'
import type { Dependency, HealthDependency } from '../../src/template/dependency.ts'
import {
  parseHealthQuery,
  parseKeyQuery,
  parseNodesQuery,
} from '../../src/template/functions/queries.ts'
import type { ConsulSourceOptions } from '../../src/template/watch/consul-source.ts'
import { startConsul, type ConsulAgent } from '../support/consul/consul-agent.ts'
import { followAnswers, type FollowedAnswers } from '../support/consul/followed-answers.ts'
import { waitUntil } from '../support/wait-until.ts'

const closers: (() => unknown)[] = []

afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

const service = (text: string): Dependency & HealthDependency =>
  parseHealthQuery('health.service', text)

async function open(): Promise<ConsulAgent> {
  const agent = await startConsul({ nodeName: 'node1' })
  closers.push(() => agent.close())
  return agent
}

function follow(
  agent: ConsulAgent,
  dependencies: readonly Dependency[],
  options: Partial<ConsulSourceOptions> = {},
): FollowedAnswers {
  const followed = followAnswers(agent.address, options)
  closers.push(() => followed.close())
  followed.source.follow(dependencies)
  return followed
}

const register = async (agent: ConsulAgent, id: string, name: string): Promise<void> => {
  const body = { Node: 'outside', Address: '192.0.2.1', Service: { ID: id, Service: name } }
  const { status } = await agent.api('PUT', '/v1/catalog/register', body)
  expect(status).toBe(200)
}

const retry = { isEnabled: true, attempts: 0, backoffMs: 50, mostBackoffMs: 400 }

describe.each([
  { way: 'one by one', others: 0 },
  { way: 'together', others: 100 },
])('a source that reads services $way', ({ others }) => {
  const more = Array.from({ length: others }, (_, at) => service(`other${at}`))
  const web = service('web')

  it('waits for a Consul that is away at the start', async () => {
    const agent = await open()
    await register(agent, 'w1', 'web')
    await agent.stop()
    const followed = follow(agent, [web, ...more], { retry })
    await waitUntil('it has failed', () => followed.failures.length > 2)
    const [first, second] = followed.failures.filter(
      ({ dependency }) => dependency.name === web.name,
    )
    expect(first).toMatchObject({ failures: 1, retryInMs: 50 })
    expect(second).toMatchObject({ failures: 2, retryInMs: 100 })
    expect(first?.error).toBeInstanceOf(ConsulError)
    await agent.start()
    expect(await followed.answer(web)).toHaveLength(1)
    for (const each of more) await followed.answer(each)
  })

  it('keeps its answers while Consul is away, and says what a Consul without its state knows', async () => {
    const agent = await open()
    for (let at = 0; at < 20; at++) await register(agent, `w${at}`, 'web')
    const key = parseKeyQuery('kv.block', 'here')
    await agent.api('PUT', '/v1/kv/here', 'before')
    const followed = follow(agent, [web, key, ...more], { retry })
    const before = await followed.answer(web)
    expect(before).toHaveLength(20)
    expect(await followed.answer(key)).toBe('before')
    for (const each of more) await followed.answer(each)
    await agent.kill()
    await waitUntil('it has failed', () => followed.failures.length > 0)
    expect(followed.source.recall(web)).toBe(before)
    await agent.startEmpty()
    await followed.answer(web, (list) => list.length === 0)
    expect(followed.source.recall(key)).toBe('before')
    await register(agent, 'anew', 'web')
    await agent.api('PUT', '/v1/kv/here', 'after')
    await followed.answer(web, (list) => list[0]?.ID === 'anew')
    await followed.answer(key, (text) => text === 'after')
  })
})

describe('a source', () => {
  it('gives up after as many attempts as it may make', async () => {
    const agent = await open()
    await agent.stop()
    const nodes = parseNodesQuery('')
    const rule = { isEnabled: true, attempts: 2, backoffMs: 10, mostBackoffMs: 0 }
    const followed = follow(agent, [nodes], { retry: rule })
    await waitUntil('it gives up', () =>
      followed.failures.some((each) => each.retryInMs === undefined),
    )
    const told = followed.failures.map(({ failures, retryInMs }) => [failures, retryInMs])
    expect(told).toEqual([
      [1, 10],
      [2, 20],
      [3, undefined],
    ])
    await agent.start()
    expect(followed.source.recall(nodes)).toBeUndefined()
    followed.source.follow([])
    followed.source.follow([nodes])
    expect(await followed.answer(nodes)).toHaveLength(1)
  })

  it('may take a key that is not there for a failure', async () => {
    const agent = await open()
    const key = parseKeyQuery('kv.block', 'nowhere')
    const followed = follow(agent, [key], { isErrorOnFailedLookup: true })
    await waitUntil('it has failed', () => followed.failures.length > 0)
    expect(followed.failures).toMatchObject([{ failures: 1, retryInMs: undefined }])
  })
})
