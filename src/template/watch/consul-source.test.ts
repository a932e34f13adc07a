import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ConsulError } from '../../consul/errors.ts'
import { FakeConsul } from '../../consul/testing/fake-consul.ts'
import { ManualClock } from '../../support/clock.ts'
import type { DependencyFailure } from '../contract.ts'
import { parseHealthQuery, parseKeyQuery } from '../functions/queries.ts'
import type { PairAnswer } from '../records/answers.ts'
import { ConsulSource, type ConsulSourceOptions } from './consul-source.ts'

let consul: FakeConsul
let clock: ManualClock
let source: ConsulSource
let changes: string[][]
let failures: DependencyFailure[]

const key = parseKeyQuery('kv.block', 'conf/a')
const path = '/v1/kv/conf/a'
const pair = (text: string): readonly PairAnswer[] => [
  { Key: 'conf/a', Value: Buffer.from(text).toString('base64') },
]

function open(options: Partial<ConsulSourceOptions> = {}): void {
  source = new ConsulSource({ consul, clock, ...options })
  source.onEvent((event) => {
    if (event.kind === 'failed') failures.push(event.failure)
    else changes.push(event.dependencies.map(({ name }) => name))
  })
}

beforeEach(() => {
  consul = new FakeConsul()
  clock = new ManualClock()
  changes = []
  failures = []
})

afterEach(() => {
  source.close()
})

/** Lets everything happen that needs no time. */
const settle = () => clock.advance(0)

describe('a source of answers', () => {
  it('asks by blocking queries that any server may answer', async () => {
    consul.set(path, pair('one'))
    open()
    source.follow([key])
    await settle()
    expect(source.recall(key)).toBe('one')
    expect(consul.requests.map(({ query }) => query)).toEqual([
      { stale: true },
      { index: 2, stale: true, wait: '60000ms' },
    ])
    consul.expire(path)
    await settle()
    expect(changes).toEqual([[key.name]])
  })

  it('asks the leader where an answer is too old, or none may be', async () => {
    consul.set(path, pair('old'), { lastContactMs: 3000 })
    open({ mostStaleMs: 2000 })
    source.follow([key])
    await settle()
    expect(consul.requests.slice(0, 2).map(({ query }) => query)).toEqual([{ stale: true }, {}])
    source.close()
    consul.requests.length = 0
    open({ mostStaleMs: 0 })
    source.follow([key])
    await settle()
    expect(consul.requests[0]?.query).toEqual({})
  })

  it('tells a change after quiet at once, and then has a pause between requests', async () => {
    consul.set(path, pair('0'))
    open()
    source.follow([key])
    await settle()
    for (const text of ['1', '2', '3']) {
      consul.set(path, pair(text))
      await settle()
    }
    expect(source.recall(key)).toBe('1')
    await clock.advance(121)
    expect(source.recall(key)).toBe('3')
    expect(consul.count()).toBeLessThanOrEqual(4)
    await clock.advance(1000)
    consul.set(path, pair('4'))
    await settle()
    expect(source.recall(key)).toBe('4')
  })

  it('tries again after pauses that double, and begins anew after a success', async () => {
    consul.set(path, pair('one'))
    consul.fail(path)
    open({ retry: { isEnabled: true, attempts: 0, backoffMs: 250, mostBackoffMs: 1000 } })
    source.follow([key])
    await clock.advance(2000)
    expect(failures.map(({ failures: count, retryInMs }) => [count, retryInMs])).toEqual([
      [1, 250],
      [2, 500],
      [3, 1000],
      [4, 1000],
    ])
    consul.heal()
    await clock.advance(1000)
    expect(source.recall(key)).toBe('one')
    failures = []
    consul.fail(path, 1)
    await settle()
    expect(failures).toMatchObject([{ dependency: key, failures: 1, retryInMs: 250 }])
    expect(source.recall(key)).toBe('one')
  })

  it('does not try again where it is told not to', async () => {
    consul.fail(path)
    open({ retry: { isEnabled: false, attempts: 12, backoffMs: 250, mostBackoffMs: 0 } })
    source.follow([key])
    await clock.advance(60_000)
    expect(failures).toMatchObject([{ failures: 1, retryInMs: undefined }])
    expect(consul.count()).toBe(1)
  })

  it('asks anew without waiting when the index goes backwards', async () => {
    consul.set(path, pair('one'), { index: 100 })
    open()
    source.follow([key])
    await settle()
    consul.set(path, pair('other'), { index: 3 })
    await clock.advance(400)
    expect(source.recall(key)).toBe('other')
    expect(consul.requests.map(({ query }) => query['index'])).toEqual([
      undefined,
      100,
      undefined,
      3,
    ])
  })

  it('keeps the value of a key that has to be there when it is deleted', async () => {
    const maybe = parseKeyQuery('kv.get', 'conf/a')
    consul.set(path, pair('one'))
    open()
    source.follow([key, maybe])
    await settle()
    consul.set(path, undefined)
    await clock.advance(200)
    expect(source.recall(key)).toBe('one')
    expect(source.recall(maybe)).toEqual({ text: undefined })
    expect(changes.at(-1)).toEqual([maybe.name])
    expect(consul.blocked(path)).toBe(1)
  })

  it('tells those that come later what is known already', async () => {
    const web = parseHealthQuery('health.service', 'web')
    const any = parseHealthQuery('health.service', 'web|any')
    consul.set('/v1/health/service/web', [])
    open()
    source.follow([web])
    await settle()
    source.follow([web, any])
    expect(source.recall(any)).toEqual([])
    await settle()
    expect(changes).toEqual([[web.name], [any.name]])
    expect(consul.count()).toBe(2)
  })

  it('takes an answer that makes no sense for a failure', async () => {
    consul.set('/v1/health/service/web', [{ Node: {} }])
    open()
    source.follow([parseHealthQuery('health.service', 'web')])
    await settle()
    expect(failures[0]?.error.message).toContain("is not Consul's")
  })

  const many = Array.from({ length: 10 }, (_, at) => parseKeyQuery('kv.get', `conf/${at}`))

  it('reads many keys by their folder', async () => {
    consul.set('/v1/kv/conf/', [{ Key: 'conf/3', Value: 'eA==', ModifyIndex: 2 }])
    open()
    source.follow(many)
    await settle()
    expect(many.map((each) => source.recall(each)?.text)).toEqual(
      many.map(({ key: name }) => (name === 'conf/3' ? 'x' : undefined)),
    )
    expect(consul.count()).toBe(2)
    changes = []
    consul.set('/v1/kv/conf/', [{ Key: 'conf/4', Value: 'eQ==', ModifyIndex: 3 }])
    await clock.advance(200)
    expect(changes.flat()).toEqual([many[3]?.name, many[4]?.name])
  })

  it('sees that a key was deleted while the keys move from polls of their own to a folder', async () => {
    const [first = key, ...others] = many
    consul.set('/v1/kv/conf/0', [{ Key: 'conf/0', Value: 'eA==', ModifyIndex: 2 }])
    consul.set('/v1/kv/conf/', [])
    open()
    source.follow([first])
    await settle()
    expect(source.recall(first)).toEqual({ text: 'x' })
    source.follow([first, ...others])
    await settle()
    expect(source.recall(first)).toEqual({ text: undefined })
    expect(changes.flat().filter((name) => name === first.name)).toHaveLength(2)
  })

  it.each([
    {
      why: 'holds much that nobody wants',
      prepare: () => {
        const pairs = Array.from({ length: 2000 }, (_, at) => ({ Key: `conf/x${at}`, Value: null }))
        consul.set('/v1/kv/conf/', pairs)
      },
    },
    {
      why: 'may not be read',
      prepare: () => {
        const error = new ConsulError('consul_refused', 'Permission denied', { status: 403 })
        consul.fail('/v1/kv/conf/', Infinity, error)
      },
    },
  ])('reads keys one by one where their folder $why', async ({ prepare }) => {
    for (const { key: name } of many) {
      consul.set(`/v1/kv/${name}`, [{ Key: name, Value: 'eA==' }])
    }
    prepare()
    open()
    source.follow(many)
    await clock.advance(500)
    expect(many.map((each) => source.recall(each)?.text)).toEqual(many.map(() => 'x'))
    expect(consul.blocked('/v1/kv/conf/')).toBe(0)
    expect(failures).toEqual([])
  })

  it('asks for each service by itself where nothing limits it', async () => {
    const asked = Array.from({ length: 300 }, (_, at) =>
      parseHealthQuery('health.service', `app${at}`),
    )
    for (const { service } of asked) consul.set(`/v1/health/service/${service}`, [])
    open({ mostConnections: Infinity })
    source.follow(asked)
    await settle()
    expect(consul.blocked()).toBe(300)
    source.follow(asked.slice(1))
    expect(consul.blocked()).toBe(299)
    expect(consul.count()).toBe(600)
  })

  it('gives turns to all where there is not room for each', async () => {
    const keys = Array.from({ length: 60 }, (_, at) => parseKeyQuery('kv.get', `k${at}`))
    for (const { key: name } of keys) consul.set(`/v1/kv/${name}`, undefined)
    open({ mostConnections: 24 })
    source.follow(keys)
    await settle()
    for (const each of keys) expect(source.recall(each)).toEqual({ text: undefined })
    expect(consul.blocked()).toBeLessThanOrEqual(24)
  })
})
