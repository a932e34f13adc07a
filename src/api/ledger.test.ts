import { expect, it } from 'vitest'
import { changeEntry } from '../../test/support/memory-daemon.ts'
import { followChanges, type Followed } from './follow.ts'
import { Ledger } from './ledger.ts'

function recordMany(ledger: Ledger, count: number): void {
  for (let index = 0; index < count; index++) ledger.record(changeEntry())
}

async function take<T>(iterator: AsyncIterator<T>, count: number): Promise<T[]> {
  const items: T[] = []
  while (items.length < count) {
    const result = await iterator.next()
    if (result.done === true) break
    items.push(result.value)
  }
  return items
}

const idsOf = (followed: readonly Followed[]): (number | string)[] =>
  followed.map((each) => (each.kind === 'change' ? each.change.id : `missed ${each.missed}`))

it('keeps the newest entries, with ids that count up from 1', () => {
  const ledger = new Ledger(3)
  recordMany(ledger, 5)
  expect(ledger.recent().map((change) => change.id)).toEqual([3, 4, 5])
})

it('hands each new entry to every subscriber, from the call on', async () => {
  const ledger = new Ledger()
  const abort = new AbortController()
  const [one, two] = [ledger.changes(abort.signal), ledger.changes(abort.signal)]
  recordMany(ledger, 2)
  for (const each of [one, two]) {
    const changes = await take(each[Symbol.asyncIterator](), 2)
    expect(changes.map((change) => change.id)).toEqual([1, 2])
  }
})

it('forgets a subscriber that aborts, that leaves, or that was late', async () => {
  const ledger = new Ledger()
  const abort = new AbortController()
  const waiting = take(ledger.changes(abort.signal)[Symbol.asyncIterator](), 1)
  expect(ledger.subscriberCount).toBe(1)
  abort.abort()
  expect(await waiting).toEqual([])
  expect(await take(ledger.changes(abort.signal)[Symbol.asyncIterator](), 1)).toEqual([])
  const live = ledger.changes(new AbortController().signal)
  recordMany(ledger, 1)
  for await (const change of live) if (change.id === 1) break
  expect(ledger.subscriberCount).toBe(0)
})

it('drops a subscriber that does not read, and goes on for the others', async () => {
  const ledger = new Ledger(2)
  const abort = new AbortController()
  const slow = ledger.changes(abort.signal)
  recordMany(ledger, 3)
  expect(ledger.subscriberCount).toBe(0)
  expect(await take(slow[Symbol.asyncIterator](), 3)).toEqual([])
})

it('lets a follower go on after a gap, which is told', async () => {
  const ledger = new Ledger(2)
  const control = { recentChanges: () => ledger.recent(), changes: ledger.changes.bind(ledger) }
  const abort = new AbortController()
  recordMany(ledger, 4)
  const follower = followChanges(control, 1, abort.signal)
  expect(idsOf(await take(follower, 3))).toEqual(['missed 1', 3, 4])
  const next = take(follower, 1)
  recordMany(ledger, 1)
  expect(idsOf(await next)).toEqual([5])
  recordMany(ledger, 5)
  expect(idsOf(await take(follower, 3))).toEqual(['missed 3', 9, 10])
  abort.abort()
  expect(await take(follower, 1)).toEqual([])
  expect(ledger.subscriberCount).toBe(0)
})

it('ends a follower whose source has ended for good', async () => {
  const control = {
    recentChanges: () => [],
    async *changes() {},
  }
  expect(await take(followChanges(control, 0, new AbortController().signal), 1)).toEqual([])
})
