import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ManualClock } from '../support/clock.ts'
import type { Consul, WatchState } from './contract.ts'
import { ConsulError } from './errors.ts'
import { FakeConsul } from './testing/fake-consul.ts'
import { readOnce, watch, type WatchOptions } from './watch.ts'

const path = '/v1/catalog/services'

const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
}

describe('watch', () => {
  let consul: FakeConsul
  let clock: ManualClock
  let stop: AbortController
  let running: Promise<void>[]

  beforeEach(() => {
    consul = new FakeConsul()
    clock = new ManualClock()
    stop = new AbortController()
    running = []
  })

  // Every watch ends with its signal.
  afterEach(async () => {
    stop.abort()
    await Promise.all(running)
    expect(consul.blocked()).toBe(0)
  })

  function follow(options: Partial<WatchOptions> = {}): {
    readonly values: unknown[]
    readonly states: WatchState[]
  } {
    const values: unknown[] = []
    const states: WatchState[] = []
    const onState = (state: WatchState): void => void states.push(state)
    const run = async (): Promise<void> => {
      const all = { clock, signal: stop.signal, onState, ...options }
      for await (const { value } of watch(consul, path, all)) values.push(value)
    }
    running.push(run())
    return { values, states }
  }

  const queries = () => consul.requests.map(({ query }) => query)

  it('yields what is there and then every change, and blocks in between', async () => {
    consul.set(path, 'one', { index: 5 })
    const { values } = follow({ query: { stale: true }, waitMs: 60_000 })
    await settled()
    expect(values).toEqual(['one'])
    expect(consul.blocked(path)).toBe(1)
    consul.set(path, 'two', { index: 9 })
    await settled()
    expect(values).toEqual(['one', 'two'])
    expect(queries()).toEqual([
      { stale: true },
      { stale: true, index: 5, wait: '60000ms' },
      { stale: true, index: 9, wait: '60000ms' },
    ])
  })

  it('gives a request more time than it blocks', async () => {
    consul.set(path, 'one')
    const limits: (number | undefined)[] = []
    const limited: Consul = {
      get: (asked, options) => {
        limits.push(options?.timeoutMs)
        return consul.get(asked, options)
      },
      put: (asked, body) => consul.put(asked, body),
      delete: (asked) => consul.delete(asked),
      close: () => consul.close(),
    }
    const iterator = watch(limited, path, { clock, signal: stop.signal, waitMs: 16_000 })
    await iterator.next()
    const second = iterator.next()
    await settled()
    expect(limits).toEqual([undefined, 16_000 + 1000 + 10_000])
    stop.abort()
    expect(await second).toEqual({ done: true, value: undefined })
  })

  it('yields nothing when the time to block is over without a change', async () => {
    consul.set(path, 'one')
    const { values } = follow()
    await settled()
    await clock.advance(5 * 60_000)
    consul.expire(path)
    await settled()
    expect(consul.blocked(path)).toBe(1)
    expect(values).toEqual(['one'])
  })

  it('starts anew without an index when that goes backwards', async () => {
    consul.set(path, 'one', { index: 50 })
    const { values } = follow()
    await settled()
    consul.set(path, 'wiped', { index: 7 })
    await settled()
    expect(values).toEqual(['one', 'wiped'])
    const [, , third, fourth] = queries()
    expect(third).not.toHaveProperty('index')
    expect(fourth).toHaveProperty('index', 7)
  })

  it('retries at once, then after growing pauses, and says so', async () => {
    consul.set(path, 'one')
    const { values, states } = follow()
    await settled()
    consul.fail(path)
    await settled()
    expect(consul.count()).toBe(3)
    const counts: number[] = []
    for (const pauseMs of [100, 200, 400, 800, 1600, 3200, 5000, 5000]) {
      await clock.advance(pauseMs)
      await settled()
      counts.push(consul.count())
    }
    // Each pause is shortened by up to a quarter: none is longer, so there is a try in each.
    for (const [index, count] of counts.entries()) expect(count).toBeGreaterThanOrEqual(4 + index)
    expect(counts.at(-1)).toBeLessThanOrEqual(15)
    expect(states.at(-1)).toMatchObject({
      state: 'waiting',
      error: expect.stringContaining('ECONNREFUSED') as string,
      answeredAtMs: 1_000_000,
    })
    expect(states.at(-1)?.sinceMs).toBe(1_000_000)

    consul.heal()
    consul.set(path, 'two')
    await clock.advance(5000)
    await settled()
    expect(values).toEqual(['one', 'two'])
    expect(states.at(-1)).toMatchObject({ state: 'current', error: '' })
  })

  it('asks without blocking after a failure, and yields the same answer no second time', async () => {
    consul.set(path, { web: ['a'] }, { index: 5 })
    const { values, states } = follow()
    await settled()
    consul.fail(path, 1)
    await settled()
    expect(queries().map(({ index }) => index)).toEqual([undefined, 5, undefined, 5])
    expect(states.map(({ state }) => state)).toEqual(['current', 'waiting', 'current'])
    expect(values).toHaveLength(1)
  })

  it('yields another answer at the same index after a failure: the state may have been wiped', async () => {
    consul.set(path, { web: ['a'] }, { index: 5 })
    const { values } = follow()
    await settled()
    consul.set(path, { web: [] }, { index: 5 })
    consul.fail(path, 1)
    await settled()
    expect(values).toEqual([{ web: ['a'] }, { web: [] }])
  })

  it('goes on when it is refused, for the token may get the right', async () => {
    consul.set(path, 'one')
    const refusal = new ConsulError('consul_refused', 'Permission denied', { status: 403 })
    consul.fail(path, 2, refusal)
    const { values, states } = follow()
    await clock.advance(100)
    await settled()
    expect(states.map(({ error }) => error)).toEqual(['Permission denied', 'Permission denied', ''])
    expect(values).toEqual(['one'])
  })

  it('is stale while no leader is known or was long not heard of, and then asks more often', async () => {
    consul.set(path, 'one', { isLeaderKnown: false })
    const { values, states } = follow()
    await settled()
    expect(states.at(-1)?.state).toBe('stale')
    expect(queries().at(-1)).toMatchObject({ wait: '5000ms' })
    consul.set(path, 'two', { lastContactMs: 60_000 })
    await settled()
    expect(states.at(-1)?.state).toBe('stale')
    consul.set(path, 'three', { lastContactMs: 40 })
    await settled()
    expect(states.at(-1)?.state).toBe('current')
    expect(values).toEqual(['one', 'two', 'three'])
  })

  it('pauses when the same index comes back at once again and again', async () => {
    consul.set(path, 'one', { index: 5 })
    const { values } = follow()
    await settled()
    for (let turn = 0; turn < 20; turn++) {
      consul.expire(path)
      await settled()
    }
    // The first read, the blocked one, one repeat at once; then it pauses.
    expect(consul.count()).toBe(3)
    expect(consul.blocked()).toBe(0)
    await clock.advance(100)
    await settled()
    expect(consul.count()).toBe(4)
    expect(values).toEqual(['one'])
  })

  it('never pauses while every answer has a new index', async () => {
    consul.set(path, 0)
    const { values } = follow()
    await settled()
    for (let value = 1; value <= 50; value++) {
      consul.set(path, value)
      await settled()
    }
    expect(values).toHaveLength(51)
  })

  it('polls what has no index, and yields only what is different', async () => {
    consul.set(path, 'one', { index: 0 })
    const { values } = follow()
    await settled()
    await clock.advance(60_000)
    await settled()
    expect(values).toEqual(['one'])
    expect(consul.count()).toBeGreaterThan(10)
    expect(consul.count()).toBeLessThan(25)
    expect(queries().every((query) => !('index' in query))).toBe(true)
    consul.set(path, 'two', { index: 0 })
    await clock.advance(5000)
    await settled()
    expect(values).toEqual(['one', 'two'])
  })

  it('gives a slow reader the newest answer', async () => {
    consul.set(path, 'one')
    const iterator = watch(consul, path, { clock, signal: stop.signal })
    expect((await iterator.next()).value).toMatchObject({ value: 'one' })
    consul.set(path, 'two')
    consul.set(path, 'three')
    expect((await iterator.next()).value).toMatchObject({ value: 'three' })
  })
})

describe('readOnce', () => {
  const signal = new AbortController().signal

  it('retries what can pass, at first at once', async () => {
    const [consul, clock] = [new FakeConsul(), new ManualClock()]
    consul.set(path, 'one')
    consul.fail(path, 2)
    const reading = readOnce(consul, path, { clock, signal })
    await settled()
    expect(consul.count()).toBe(2)
    await clock.advance(100)
    expect((await reading).value).toBe('one')
  })

  it('gives up after so many tries, and at once when it is refused', async () => {
    const [consul, clock] = [new FakeConsul(), new ManualClock()]
    await expect(readOnce(consul, path, { clock, signal })).rejects.toThrow('nothing at')
    expect(consul.count()).toBe(1)
    consul.fail(path)
    const reading = expect(readOnce(consul, path, { clock, signal, tries: 3 })).rejects
    const failed = reading.toThrow('ECONNREFUSED')
    await clock.advance(1000)
    await failed
    expect(consul.count()).toBe(4)
  })
})
