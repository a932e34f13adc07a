import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { HealthService } from '../../src/template/catalogue.ts'
import type { Dependency, HealthDependency } from '../../src/template/dependency.ts'
import {
  datacentersDependency,
  fileDependency,
  parseHealthQuery,
  parseKeyQuery,
  parseKeysQuery,
  parseNodeQuery,
  parseNodesQuery,
  parseServicesQuery,
} from '../../src/template/functions/queries.ts'
import { openSnapshot } from '../../src/template/watch/snapshot.ts'
import { startConsul, type ConsulAgent } from '../support/consul/consul-agent.ts'
import { followAnswers, type FollowedAnswers } from '../support/consul/followed-answers.ts'

let agent: ConsulAgent
const closers: (() => unknown)[] = []

beforeAll(async () => {
  agent = await startConsul({ nodeName: 'node1' })
})

afterAll(async () => {
  await agent.close()
})

afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

const service = (text: string): Dependency & HealthDependency =>
  parseHealthQuery('health.service', text)

function follow(
  dependencies: readonly Dependency[],
  options: Parameters<typeof followAnswers>[1] = {},
): FollowedAnswers {
  const followed = followAnswers(agent.address, options)
  closers.push(() => followed.close())
  followed.source.follow(dependencies)
  return followed
}

const put = async (path: string, body?: unknown): Promise<void> => {
  const { status, body: said } = await agent.api('PUT', path, body)
  if (status !== 200) throw new Error(`${path}: ${status} ${String(said)}`)
}

const check = (service: string, id: string, status: string) => ({
  CheckID: `service:${id}`,
  Name: 'check',
  Status: status,
  ServiceID: id,
  ServiceName: service,
})

type Registration = {
  readonly node: string
  readonly id: string
  readonly name: string
  readonly status?: string
  readonly tags?: readonly string[]
}

const register = ({ node, id, name, status = 'passing', tags = [] }: Registration) =>
  put('/v1/catalog/register', {
    Node: node,
    Address: '192.0.2.1',
    Service: { ID: id, Service: name, Port: 80, Tags: tags },
    Check: check(name, id, status),
  })

const deregister = (node: string, id?: string) =>
  put('/v1/catalog/deregister', { Node: node, ...(id === undefined ? {} : { ServiceID: id }) })

const ids = (answer: readonly HealthService[]) => answer.map(({ ID }) => ID)

describe('a source of answers from Consul', () => {
  it('follows every kind of dependency', async () => {
    const folder = await mkdtemp(join(tmpdir(), `fairlead-t-${process.pid}-answers-`))
    closers.push(() => rm(folder, { recursive: true, force: true }))
    const path = join(folder, 'a.txt')
    await writeFile(path, 'one')
    const asked = {
      web: service('web'),
      connect: parseHealthQuery('health.connect', 'web'),
      services: parseServicesQuery(''),
      nodes: parseNodesQuery(''),
      node: parseNodeQuery('outside'),
      own: parseNodeQuery(''),
      datacenters: datacentersDependency(true),
      key: parseKeyQuery('kv.block', 'all/a'),
      maybe: parseKeyQuery('kv.get', 'all/a'),
      list: parseKeysQuery('all/'),
      file: fileDependency('a.txt', path),
    }
    const followed = follow(Object.values(asked), { pollMs: { files: 20 }, blockQueryWaitMs: 2000 })
    const answer: typeof followed.answer = (...given) => followed.answer(...given)
    expect(await answer(asked.web)).toEqual([])
    expect(await answer(asked.connect)).toEqual([])
    expect(await answer(asked.node)).toEqual({ Node: undefined, Services: [] })
    expect((await answer(asked.own)).Node?.Node).toBe('node1')
    expect(await answer(asked.datacenters)).toEqual(['dc1'])
    expect(await answer(asked.maybe)).toEqual({ text: undefined })
    expect(await answer(asked.list)).toEqual([])
    expect(await answer(asked.file)).toBe('one')
    expect(followed.source.recall(asked.key)).toBeUndefined()

    await register({ node: 'outside', id: 'w1', name: 'web', tags: ['b', 'a'] })
    await put('/v1/kv/all/a', 'first')
    await writeFile(path, 'two, longer')
    expect(await answer(asked.web, (all) => all.length === 1)).toMatchObject([
      { Node: 'outside', ID: 'w1', Tags: ['a', 'b'], Status: 'passing', Address: '192.0.2.1' },
    ])
    expect(await answer(asked.services, (all) => all.length === 2)).toEqual([
      { Name: 'consul', Tags: [] },
      { Name: 'web', Tags: ['a', 'b'] },
    ])
    await answer(asked.nodes, (all) => all.length === 2)
    expect((await answer(asked.node, ({ Node }) => Node !== undefined)).Services).toHaveLength(1)
    expect(await answer(asked.key)).toBe('first')
    await answer(asked.maybe, ({ text }) => text === 'first')
    expect(await answer(asked.list, (all) => all.length === 1)).toMatchObject([
      { Path: 'all/a', Key: 'a', Value: 'first' },
    ])
    await answer(asked.file, (text) => text === 'two, longer')

    await agent.api('DELETE', '/v1/kv/all/a')
    await deregister('outside')
    await answer(asked.maybe, ({ text }) => text === undefined)
    await answer(asked.list, (all) => all.length === 0)
    await answer(asked.web, (all) => all.length === 0)
    await answer(asked.node, ({ Node }) => Node === undefined)
    expect(await answer(asked.key)).toBe('first')
    expect(followed.failures).toEqual([])
  })

  it('keeps bytes that are not UTF-8', async () => {
    const binary = parseKeyQuery('kv.block', 'binary')
    const followed = follow([binary])
    await put('/v1/kv/binary', 'caf\u00e9')
    expect(await followed.answer(binary)).toBe('café')
    await put('/v1/txn', [{ KV: { Verb: 'set', Key: 'binary', Value: '/2E=' } }])
    await followed.answer(binary, (text) => text === '\udcffa')
  })

  it('says the same as Consul with its own filters', async () => {
    const states = ['passing', 'warning', 'critical']
    const tags = [[], ['a'], ['A', 'b'], ['b']]
    for (const [at, status] of states.entries()) {
      for (const [nth, some] of tags.entries()) {
        const id = `f${at}${nth}`
        await register({ node: `n${nth}`, id, name: 'filtered', status, tags: some })
      }
    }
    closers.push(async () => {
      for (const nth of tags.keys()) await deregister(`n${nth}`)
    })
    await put('/v1/catalog/register', {
      Node: 'n3',
      Address: '192.0.2.1',
      Check: { CheckID: '_node_maintenance', Name: 'maintenance', Status: 'critical' },
    })
    const texts = ['', 'a.', 'A.', 'b.', 'none.'].flatMap((tag) =>
      ['passing', 'any'].map((filter) => ({ tag: tag.slice(0, -1), filter, tagText: tag })),
    )
    const asked = texts.map(({ tagText, filter }) => service(`${tagText}filtered|${filter}`))
    const followed = follow(asked)
    for (const [at, { tag, filter }] of texts.entries()) {
      const query = [tag === '' ? '' : `tag=${tag}`, filter === 'passing' ? 'passing=1' : '']
      const path = `/v1/health/service/filtered?${query.filter(Boolean).join('&')}`
      const { body } = await agent.api<readonly { Service: { ID: string } }[]>('GET', path)
      const answer = await followed.answer(asked[at] as Dependency & HealthDependency)
      expect(ids(answer).toSorted()).toEqual(body.map(({ Service }) => Service.ID).toSorted())
    }
    expect(followed.client.counts.requests).toBeLessThanOrEqual(2)
    const upper = service('Filtered|any')
    followed.source.follow([...asked, upper])
    expect(await followed.answer(upper)).toHaveLength(12)
  })

  it('keeps each record that stays the same, and tells only whom something changes for', async () => {
    const all = service('same|any')
    const passing = service('same')
    const tagged = service('red.same|any')
    await register({ node: 'n1', id: 's1', name: 'same', tags: ['red'] })
    await register({ node: 'n1', id: 's2', name: 'same' })
    closers.push(() => deregister('n1'))
    const followed = follow([all, passing, tagged])
    const before = await followed.answer(all)
    const redBefore = await followed.answer(tagged)
    followed.changes.length = 0
    await register({ node: 'n1', id: 's2', name: 'same', status: 'critical' })
    const after = await followed.answer(all, (list) => list[1]?.Status === 'critical')
    expect(after[0]).toBe(before[0])
    expect(await followed.answer(passing)).toEqual([before[0]])
    expect(followed.source.recall(tagged)).toBe(redBefore)
    expect(followed.changes.flat().toSorted()).toEqual([passing.name, all.name].toSorted())
  })

  it('forgets what is not followed any more, and leaves the rest undisturbed', async () => {
    const stays = service('stays')
    const goes = parseKeyQuery('kv.get', 'goes')
    const followed = follow([stays, goes])
    await followed.answer(stays)
    await followed.answer(goes)
    await put('/v1/kv/other', 'x')
    const before = followed.client.counts.requests
    for (let round = 0; round < 50; round++) followed.source.follow([stays])
    expect(followed.source.recall(goes)).toBeUndefined()
    await register({ node: 'n1', id: 's', name: 'stays' })
    closers.push(() => deregister('n1'))
    await followed.answer(stays, (list) => list.length === 1)
    expect(followed.client.counts.requests - before).toBeLessThanOrEqual(3)
  })

  it('saves all answers, to be read when Consul is away', async () => {
    const asked = [service('consul'), parseKeysQuery('saved/'), parseNodeQuery('')]
    await put('/v1/kv/saved/a', 'x')
    const followed = follow(asked)
    for (const each of asked) await followed.answer(each)
    const known = openSnapshot(followed.source.saveSnapshot())
    for (const each of asked) expect(known.recall(each)).toEqual(followed.source.recall(each))
  })
})
