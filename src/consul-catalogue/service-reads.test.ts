import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FakeConsul } from '../consul/testing/fake-consul.ts'
import type { HealthEntry } from '../consul/types.ts'
import { ManualClock } from '../support/clock.ts'
import { BoundedConsul } from './bounded-consul.ts'
import { ServiceReads } from './service-reads.ts'
import { sampleEntry } from './testing/sample-entry.ts'

const path = '/v1/health/service/web'

let consul: FakeConsul
let clock: ManualClock
let end: AbortController
let answers: (readonly [string, number])[]
let reads: ServiceReads

beforeEach(() => {
  consul = new FakeConsul()
  clock = new ManualClock()
  end = new AbortController()
  answers = []
  reads = new ServiceReads({
    consul: new BoundedConsul(consul),
    clock,
    signal: end.signal,
    onAnswer: (service, answer) => answers.push([service, answer.length]),
    onFailure: () => {},
  })
})

afterEach(() => end.abort())

const entries = (count: number): HealthEntry[] =>
  Array.from({ length: count }, (_, index) => sampleEntry({ ID: `web${index}` }))
const plain = { service: 'web', expectation: undefined }
const atIndex = (atLeast: number) =>
  ({ service: 'web', expectation: { kind: 'index', atLeast } }) as const

describe('reading a service', () => {
  it('takes one request, and none when what is known shows the change already', async () => {
    consul.set(path, entries(1), { index: 7 })
    reads.mark(plain)
    await clock.advance(0)
    expect(answers).toEqual([['web', 1]])
    reads.mark(atIndex(7))
    await clock.advance(10_000)
    expect(consul.count(path)).toBe(1)
    consul.set(path, entries(2), { index: 8 })
    reads.mark(atIndex(8))
    await clock.advance(0)
    expect(answers).toEqual([
      ['web', 1],
      ['web', 2],
    ])
  })

  it('marked once more while it is under way takes a second one only for what the first lacks', async () => {
    consul.set(path, entries(1), { index: 7 })
    reads.mark(plain)
    reads.mark(atIndex(7))
    await clock.advance(0)
    expect(consul.count(path)).toBe(1)
    reads.mark(plain)
    reads.mark(plain)
    await clock.advance(0)
    expect(consul.count(path)).toBe(3)
  })

  it('waits at a server that lags behind until that has caught up', async () => {
    consul.set(path, entries(1), { index: 7 })
    reads.mark(atIndex(8))
    await clock.advance(0)
    expect(consul.requests.at(-1)?.query).toMatchObject({ stale: true, index: 7, wait: '250ms' })
    consul.set(path, entries(2), { index: 8 })
    await clock.advance(0)
    expect(answers.at(-1)).toEqual(['web', 2])
    expect(consul.count(path)).toBe(2)
    expect(reads.isPending('web')).toBe(false)
  })

  it('waits for what went to be gone, and gives up when it never does', async () => {
    consul.set(path, entries(1), { index: 7 })
    const isShown = (answer: readonly HealthEntry[]): boolean => answer.length === 0
    reads.mark({ service: 'web', expectation: { kind: 'answer', isShown } })
    for (let tries = 0; tries < 10; tries++) {
      await clock.advance(0)
      consul.expire(path)
    }
    expect(reads.isPending('web')).toBe(false)
    expect(consul.count(path)).toBe(8)
  })

  it('never takes an older answer for a newer one, but believes in a Consul that began anew', async () => {
    consul.set(path, entries(2), { index: 20 })
    reads.mark(plain)
    await clock.advance(0)
    consul.set(path, entries(1), { index: 19 })
    reads.mark(plain)
    await clock.advance(0)
    expect(answers).toEqual([['web', 2]])
    consul.set(path, entries(3), { index: 21 })
    await clock.advance(0)
    expect(answers.at(-1)).toEqual(['web', 3])
    reads.forgetIndexes()
    consul.set(path, entries(1), { index: 2 })
    reads.mark(plain)
    await clock.advance(0)
    expect(answers.at(-1)).toEqual(['web', 1])
  })

  it('is not kept waiting by many others that Consul refuses each for itself', async () => {
    const refused = Array.from({ length: 20 }, (_, index) => `a//${index}`)
    for (const service of refused) reads.mark({ service, expectation: undefined })
    await clock.advance(20_000)
    expect(reads.failing().size).toBe(20)
    consul.set(path, entries(1), { index: 7 })
    reads.mark(plain)
    await clock.advance(0)
    expect(answers).toEqual([['web', 1]])
  })

  it('that fails is tried again after growing pauses, and keeps no other from being read', async () => {
    consul.set(path, entries(1))
    consul.set('/v1/health/service/api', entries(2))
    consul.fail(path)
    reads.mark(plain)
    reads.mark({ service: 'api', expectation: undefined })
    await clock.advance(0)
    expect(answers).toEqual([['api', 2]])
    expect([...reads.failing().keys()]).toEqual(['web'])
    await clock.advance(10_000)
    expect(consul.count(path)).toBeGreaterThan(5)
    expect(consul.count(path)).toBeLessThan(12)
    consul.heal()
    await clock.advance(5000)
    expect(answers.at(-1)).toEqual(['web', 1])
    expect(reads.failing().size).toBe(0)
  })

  it('does not besiege a Consul that answers nothing', async () => {
    for (let index = 0; index < 500; index++) {
      consul.set(`/v1/health/service/s${index}`, entries(1))
      consul.fail(`/v1/health/service/s${index}`)
      reads.mark({ service: `s${index}`, expectation: undefined })
    }
    await clock.advance(60_000)
    expect(consul.count()).toBeLessThan(60)
    consul.heal()
    await clock.advance(10_000)
    expect(answers).toHaveLength(500)
  })
})
