import { describe, expect, it } from 'vitest'
import { HeldRemovals } from './held-removals.ts'

const cycleMs = 60_000
const keys = (count: number, from = 1): string[] =>
  Array.from({ length: count }, (_, index) => `e${index + from}`)

/** What a service shows, read after read. */
function service(first: readonly string[], heldMs = cycleMs) {
  const removals = new HeldRemovals(heldMs)
  let shown = new Set(first)
  return {
    removals,
    read: (present: readonly string[], nowMs: number): readonly string[] => {
      const kept = removals.consider('web', shown, new Set(present), nowMs)
      shown = new Set([...present, ...kept])
      return [...shown].sort()
    },
  }
}

describe('removals', () => {
  it('are never held without a cycle, though Consul lost its state', () => {
    const { removals, read } = service(keys(4), 0)
    removals.doubt(1000)
    expect(read(['e1'], 1000)).toEqual(['e1'])
    expect(removals.count).toBe(0)
  })

  it('of three among four are held back, with the time until they are confirmed', () => {
    const { removals, read } = service(keys(4))
    expect(read(['e1'], 1000)).toEqual(keys(4))
    expect(removals.list((_, key) => `id of ${key}`)).toEqual([
      {
        service: 'web',
        endpoints: ['id of e2', 'id of e3', 'id of e4'],
        sinceMs: 1000,
        untilMs: 61_000,
      },
    ])
    expect(removals.count).toBe(3)
    expect(removals.nextMs()).toBe(61_000)
  })

  it('of any are held for a cycle after Consul lost its state', () => {
    const { removals, read } = service(keys(2))
    removals.doubt(1000)
    expect(read(['e1'], 60_999)).toEqual(keys(2))
    expect(read(['e1'], 120_999)).toEqual(['e1'])
    expect(read([], 121_000)).toEqual([])
  })

  it.each([
    ['two of three', keys(3), ['e1']],
    ['both of two', keys(2), []],
    ['half of six', keys(6), keys(3)],
  ])('of %s are not held', (_, before, after) => {
    const { removals, read } = service(before)
    expect(read(after, 1000)).toEqual(after)
    expect(removals.nextMs()).toBeUndefined()
  })

  it('one by one are not held, down to none', () => {
    const { removals, read } = service(keys(6))
    for (let left = 5; left >= 0; left--) expect(read(keys(left), 1000)).toEqual(keys(left))
    expect(removals.count).toBe(0)
  })

  it('are confirmed by a read that still lacks them after the cycle, and by none before', () => {
    const { removals, read } = service(keys(4))
    read(['e1'], 1000)
    expect(read(['e1'], 60_999)).toEqual(keys(4))
    expect(removals.due(60_999)).toEqual([])
    expect(removals.due(61_000)).toEqual(['web'])
    expect(read(['e1'], 61_000)).toEqual(['e1'])
    expect(removals.nextMs()).toBeUndefined()
  })

  it('never leave when an emptied agent is filled again within the cycle', () => {
    const { removals, read } = service(keys(5))
    expect(read([], 1000)).toEqual(keys(5))
    for (let back = 1; back <= 5; back++) expect(read(keys(back), 1000 + back)).toEqual(keys(5))
    expect(removals.nextMs()).toBeUndefined()
    expect(read([], 70_000)).toEqual(keys(5))
  })

  it('that grew back in part are confirmed for the rest only', () => {
    const { read } = service(keys(5))
    read([], 1000)
    expect(read(['e1', 'e2'], 2000)).toEqual(keys(5))
    expect(read(['e1', 'e2'], 61_000)).toEqual(['e1', 'e2'])
  })

  it('that follow while others are held are held too, each for its own time', () => {
    const { removals, read } = service(keys(6))
    read(['e1', 'e2'], 1000)
    expect(read(['e1'], 5000)).toEqual(keys(6))
    expect(read(['e1'], 61_000)).toEqual(['e1', 'e2'])
    expect(removals.list((_, key) => key)).toEqual([
      { service: 'web', endpoints: ['e2'], sinceMs: 5000, untilMs: 65_000 },
    ])
    expect(read(['e1'], 65_000)).toEqual(['e1'])
  })

  it('that are held do not make new endpoints wait', () => {
    const { read } = service(keys(4))
    expect(read(['new'], 1000)).toEqual([...keys(4), 'new'])
  })

  it('happen at once when they are confirmed by hand, those of another service not', () => {
    const removals = new HeldRemovals(cycleMs)
    removals.consider('web', keys(3), new Set(), 1000)
    removals.consider('api', keys(3, 7), new Set(), 1000)
    expect(removals.confirm('web')).toEqual(new Map([['web', keys(3)]]))
    expect(removals.confirm('web')).toEqual(new Map())
    expect(removals.isHeld('api', 'e7')).toBe(true)
    expect([...removals.confirm(undefined).keys()]).toEqual(['api'])
    expect(removals.nextMs()).toBeUndefined()
  })

  it('that somebody knows better about are not waited for', () => {
    const { removals } = service(keys(3))
    removals.consider('web', keys(3), new Set(), 1000)
    const isKnown = (name: string, key: string): boolean => name === 'web' && key !== 'e2'
    expect(removals.dropWhere(isKnown)).toEqual(new Map([['web', new Set(['e1', 'e3'])]]))
    expect(removals.isHeld('web', 'e2')).toBe(true)
    expect(removals.dropWhere(() => true)).toEqual(new Map([['web', new Set(['e2'])]]))
    expect(removals.nextMs()).toBeUndefined()
  })
})
