import { describe, expect, it } from 'vitest'
import type { Answer, RequestOptions } from '../consul/contract.ts'
import { FakeConsul } from '../consul/testing/fake-consul.ts'
import { BoundedConsul } from './bounded-consul.ts'

/** Answers when it is told to. */
class SlowConsul extends FakeConsul {
  now = 0
  most = 0
  readonly #answers: (() => void)[] = []

  override async get<T>(_path: string, _options?: RequestOptions): Promise<Answer<T>> {
    this.now++
    this.most = Math.max(this.most, this.now)
    await new Promise<void>((resolve) => {
      this.#answers.push(resolve)
    })
    this.now--
    return { value: {} as T, index: 1, lastContactMs: 0, isLeaderKnown: true }
  }

  async answer(): Promise<void> {
    this.#answers.shift()?.()
    await new Promise((resolve) => setImmediate(resolve))
  }
}

describe('requests to one agent', () => {
  it('that are answered at once are sixteen at a time', async () => {
    const slow = new SlowConsul()
    const consul = new BoundedConsul(slow)
    const all = Promise.all(Array.from({ length: 100 }, () => consul.get('/v1/x')))
    await new Promise((resolve) => setImmediate(resolve))
    for (let index = 0; index < 100; index++) await slow.answer()
    await all
    expect(slow.most).toBe(16)
    expect(consul.counts).toEqual({ requests: 100, failed: 0 })
  })

  it('leave room for those that wait: never more than 56 in all', async () => {
    const slow = new SlowConsul()
    const consul = new BoundedConsul(slow)
    const all = Promise.all([
      ...Array.from({ length: 48 }, () => consul.get('/v1/x', { query: { index: 1 } })),
      ...Array.from({ length: 30 }, () => consul.get('/v1/x')),
    ])
    await new Promise((resolve) => setImmediate(resolve))
    expect(slow.now).toBe(56)
    for (let index = 0; index < 78; index++) await slow.answer()
    await all
    expect(slow.most).toBe(56)
  })

  it('that are given up while they wait for their turn take none', async () => {
    const slow = new SlowConsul()
    const consul = new BoundedConsul(slow)
    const first = Array.from({ length: 16 }, () => consul.get('/v1/x'))
    const end = new AbortController()
    const given = consul.get('/v1/x', { signal: end.signal })
    const last = consul.get('/v1/x')
    end.abort()
    await expect(given).rejects.toThrow('aborted')
    for (let index = 0; index < 17; index++) await slow.answer()
    await Promise.all([...first, last])
    expect(consul.counts.requests).toBe(17)
  })

  it('that are given up take no turn from those behind them while there is no room', async () => {
    const slow = new SlowConsul()
    const consul = new BoundedConsul(slow)
    const first = Array.from({ length: 16 }, () => consul.get('/v1/x'))
    const end = new AbortController()
    const given = Array.from({ length: 3 }, () => consul.get('/v1/x', { signal: end.signal }))
    const last = consul.get('/v1/x')
    end.abort()
    for (const each of given) await expect(each).rejects.toThrow('aborted')
    await slow.answer()
    await first[0]
    expect(consul.counts.requests).toBe(17)
    for (let index = 0; index < 16; index++) await slow.answer()
    await Promise.all([...first, last])
  })
})

describe('answers', () => {
  const node = { Node: 'n', Address: '10.0.0.1' }
  const service = { ID: 'a', Service: 'a' }
  it.each([
    ['/v1/catalog/services', []],
    ['/v1/catalog/services', { web: null }],
    ['/v1/catalog/nodes', {}],
    ['/v1/catalog/nodes', [{ Node: 'n' }]],
    ['/v1/catalog/node/n', { Node: node }],
    ['/v1/catalog/node/n', { Node: node, Services: { a: { ID: 'a' } } }],
    ['/v1/health/state/any', [{ CheckID: 'a', Status: 'passing' }]],
    ['/v1/health/service/a', null],
    ['/v1/health/service/a', [{ Node: node, Service: service }]],
    ['/v1/health/service/a', [{ Service: service, Checks: [] }]],
    ['/v1/health/service/a', [{ Node: node, Service: { ...service, Port: '80' }, Checks: [] }]],
    ['/v1/health/service/a', [{ Node: node, Service: { ...service, Tags: [1] }, Checks: [] }]],
    ['/v1/health/service/a', [{ Node: node, Service: { ...service, Meta: { a: 1 } }, Checks: [] }]],
    ['/v1/health/service/a', [{ Node: node, Service: service, Checks: [{ Node: 'n' }] }]],
    ['/v1/health/connect/a', [{ Service: service, Checks: [] }]],
    ['/v1/kv/a', {}],
    ['/v1/kv/a', [null]],
    ['/v1/kv/a', [{ Value: '' }]],
    ['/v1/kv/a', [{ Key: 'a', Value: 5 }]],
  ])('to %s that are %j are refused', async (path, value) => {
    const fake = new FakeConsul()
    fake.set(path, value)
    const consul = new BoundedConsul(fake)
    await expect(consul.get(path)).rejects.toThrow(`the answer to ${path} is not Consul's`)
    expect(consul.counts).toEqual({ requests: 1, failed: 1 })
  })

  it.each([
    ['/v1/kv/a', undefined],
    ['/v1/kv/a', [{ Key: 'a', Value: null }]],
    ['/v1/kv/', [{ Key: 'a', Value: 'eA==', Flags: 0 }]],
    ['/v1/catalog/services', { web: ['a'] }],
    ['/v1/catalog/node/n', null],
    ['/v1/catalog/node/n', { Node: node, Services: { a: service } }],
    ['/v1/health/service/a', []],
    [
      '/v1/health/service/a',
      [{ Node: node, Service: { ...service, Tags: null, Meta: null }, Checks: [] }],
    ],
  ])('to %s that are %j are taken', async (path, value) => {
    const fake = new FakeConsul()
    fake.set(path, value)
    expect((await new BoundedConsul(fake).get(path)).value).toEqual(value)
  })
})

describe('an index', () => {
  /** Whether the second answer says that Consul has lost its state. */
  async function isReset(
    before: number,
    after: number,
    lastContactMs: number,
    path = '/v1/catalog/nodes',
  ): Promise<boolean> {
    const fake = new FakeConsul()
    let resets = 0
    const consul = new BoundedConsul(fake, () => void resets++)
    fake.set('/v1/catalog/nodes', [], { index: before })
    await consul.get('/v1/catalog/nodes')
    fake.set(path, [], { index: after, lastContactMs })
    await consul.get(path)
    return resets > 0
  }

  it.each([
    [100, 99, 0, true],
    [100, 99, 20, false],
    [100, 50, 20, true],
    [100, 100, 0, false],
    [100, 0, 0, false],
  ])('of %i, then %i from a server %i ms behind the leader: reset %s', async (...given) => {
    const [before, after, lastContactMs, expected] = given
    expect(await isReset(before, after, lastContactMs)).toBe(expected)
  })

  it('of another path says nothing', async () => {
    expect(await isReset(100, 5, 0, '/v1/health/service/web')).toBe(false)
  })
})
