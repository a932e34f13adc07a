import type { ClusterMemberReport, ClusterVerdict } from '../api/contract.ts'
import type { Health } from '../model/endpoint.ts'
import type { Card } from './card.ts'

/** A load balancer as Consul shows it. */
export type Member = {
  readonly card: Card
  /** Consul's word, of its checks and of its node's. */
  readonly state: Exclude<Health, 'maintenance'>
  /** What the check that is the matter says; empty when passing. */
  readonly why: string
  /** Since when (Unix ms) it was seen in this state. */
  readonly stateSinceMs: number
  readonly isThis: boolean
}

/**
 * Compares load balancers with what most of them serve: sorted by node and name, each with the
 * verdict. Pure.
 *
 * Of hashes that equally many hold, the one that was made of the newest catalogue counts; where that
 * is the same too, nobody knows who is right, and each differs from the others. One that is critical
 * has no vote while others have.
 */
export function compareMembers(
  members: readonly Member[],
  nowMs: number,
): readonly ClusterMemberReport[] {
  const leaders = leadersOf(members)
  const sorted = members.toSorted((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1))
  return sorted.map((member) => {
    const others = leaders.filter(({ hash }) => hash.whole !== member.card.hash.whole)
    return reportOf(member, others[0], nowMs)
  })
}

/** All hold the same hash, have it in force, and are passing. */
export function areSame(reports: readonly ClusterMemberReport[]): boolean {
  return reports.every(({ verdict, state }) => verdict.kind === 'same' && state === 'passing')
}

function orderOf({ card }: Member): string {
  return `${card.node}\0${card.instance}`
}

/** One card of each hash that may be the right one: a single one, unless there is a tie. */
function leadersOf(members: readonly Member[]): readonly Card[] {
  const alive = members.filter(({ state }) => state !== 'critical')
  const byHash = new Map<string, { votes: number; card: Card }>()
  for (const { card } of alive.length > 0 ? alive : members) {
    const before = byHash.get(card.hash.whole)
    const isNewer = before === undefined || card.catalogueIndex > before.card.catalogueIndex
    byHash.set(card.hash.whole, {
      votes: (before?.votes ?? 0) + 1,
      card: isNewer ? card : before.card,
    })
  }
  const all = [...byHash.values()]
  const mostVotes = Math.max(...all.map(({ votes }) => votes))
  const mostVoted = all.filter(({ votes }) => votes === mostVotes)
  const newest = Math.max(...mostVoted.map(({ card }) => card.catalogueIndex))
  return mostVoted.map(({ card }) => card).filter((card) => card.catalogueIndex === newest)
}

function reportOf(
  { card, state, why, stateSinceMs, isThis }: Member,
  other: Card | undefined,
  nowMs: number,
): ClusterMemberReport {
  const { hash, run: _run, ...facts } = card
  return {
    ...facts,
    hash: hash.whole,
    isThis,
    state,
    why,
    stateSinceMs,
    verdict: verdictOf(card, state, other, nowMs),
  }
}

/** `other`: what most serve, and this one does not. */
function verdictOf(
  card: Card,
  state: Member['state'],
  other: Card | undefined,
  nowMs: number,
): ClusterVerdict {
  if (other === undefined) return card.isApplied ? { kind: 'same', text: 'same' } : notApplied
  if (state === 'critical') return { kind: 'away', text: 'had another state when last heard of' }
  if (!card.isApplied) return notApplied
  if (card.pinnedTo !== undefined) {
    return { kind: 'pinned', text: `differs: pinned to generation ${card.pinnedTo} by rollback` }
  }
  const forMs = Math.max(0, nowMs - Math.max(card.sinceMs, other.sinceMs))
  const parts = differingParts(card, other)
  if (parts.includes('settings')) return { kind: 'settings', text: `differs: ${parts.join(', ')}` }
  if (card.catalogueIndex < other.catalogueIndex) {
    const text = `lags: catalogue index ${card.catalogueIndex} < ${other.catalogueIndex}`
    return { kind: 'lags', text, forMs }
  }
  const pinned = other.pinnedTo === undefined ? '' : ', another one is pinned'
  return { kind: 'differs', text: `differs: ${parts.join(', ')}${pinned}`, forMs }
}

const notApplied = { kind: 'not applied', text: 'not applied yet' } as const

/** What of the state is another, in the words of the reader. */
function differingParts(card: Card, reference: Card): readonly string[] {
  const [own, theirs] = [card.hash.parts, reference.hash.parts]
  return [
    ...(own.settings === theirs.settings ? [] : ['settings']),
    ...(own.files === theirs.files ? [] : ['host names or default service']),
    ...(own.servers === theirs.servers ? [] : ['servers']),
  ]
}
