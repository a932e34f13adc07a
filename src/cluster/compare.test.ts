import { describe, expect, it } from 'vitest'
import type { Card } from './card.ts'
import { areSame, compareMembers, type Member } from './compare.ts'
import { sampleCard } from './testing/sample-card.ts'

const nowMs = 61_000

function member(
  node: string,
  whole: string,
  values: Partial<Card> = {},
  state: Member['state'] = 'passing',
): Member {
  const parts = { settings: 's', files: 'f', servers: whole }
  const card = sampleCard({ node, hash: { whole, parts }, ...values })
  return { card, state, why: '', stateSinceMs: 0, isThis: false }
}

const verdicts = (...members: readonly Member[]) =>
  Object.fromEntries(compareMembers(members, nowMs).map(({ node, verdict }) => [node, verdict]))

describe('load balancers compared', () => {
  it('are the same with the same hash, and stand by node', () => {
    const reports = compareMembers([member('b', 'x'), member('a', 'x')], nowMs)
    expect(reports.map(({ node }) => node)).toEqual(['a', 'b'])
    expect(areSame(reports)).toBe(true)
  })

  it('follow the majority, and of two the one with the newer catalogue', () => {
    expect(verdicts(member('a', 'x'), member('b', 'y'), member('c', 'x'))['b']?.kind).toBe(
      'differs',
    )
    const newer = member('b', 'y', { catalogueIndex: 140, sinceMs: 49_000 })
    expect(verdicts(member('a', 'x', { catalogueIndex: 123 }), newer)['a']).toEqual({
      kind: 'lags',
      text: 'lags: catalogue index 123 < 140',
      forMs: 12_000,
    })
  })

  it('all differ where nothing tells who is right', () => {
    const found = verdicts(
      member('a', 'x', { sinceMs: 1000 }),
      member('b', 'y', { sinceMs: 51_000 }),
    )
    const differs = { kind: 'differs', text: 'differs: servers', forMs: 10_000 }
    expect(found).toEqual({ a: differs, b: differs })
  })

  it('say why one differs: a pin, settings, host names', () => {
    const others = [member('a', 'x'), member('b', 'x')]
    expect(verdicts(...others, member('c', 'y', { pinnedTo: 7 }))['c']).toMatchObject({
      kind: 'pinned',
      text: 'differs: pinned to generation 7 by rollback',
    })
    const settings = { settings: 'other', files: 'f', servers: 'x' }
    const other = member('c', 'y', { hash: { whole: 'y', parts: settings } })
    expect(verdicts(...others, other)['c']).toEqual({ kind: 'settings', text: 'differs: settings' })
    const files = { settings: 's', files: 'other', servers: 'x' }
    const renamed = member('c', 'y', { hash: { whole: 'y', parts: files } })
    expect(verdicts(...others, renamed)['c']?.text).toBe('differs: host names or default service')
  })

  it('give one that is critical no vote, unless all are', () => {
    const dead = [
      member('a', 'x', { catalogueIndex: 900 }, 'critical'),
      member('b', 'x', {}, 'critical'),
    ]
    const alive = verdicts(...dead, member('c', 'y'))
    expect([alive['a']?.kind, alive['c']?.kind]).toEqual(['away', 'same'])
    expect(verdicts(...dead)['a']?.kind).toBe('same')
    expect(areSame(compareMembers(dead, nowMs))).toBe(false)
  })

  it('are not the same where it is not in force', () => {
    expect(verdicts(member('a', 'x', { isApplied: false }))['a']?.kind).toBe('not applied')
  })
})
