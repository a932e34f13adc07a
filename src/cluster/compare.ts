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
 * Of two hashes that equally many hold, the one that was made of the newer catalogue counts, then
 * the younger one; one that is critical has no vote while others have.
 */
export function compareMembers(
  members: readonly Member[],
  nowMs: number,
): readonly ClusterMemberReport[] {
  const reference = referenceOf(members)
  const sorted = members.toSorted((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1))
  return sorted.map((member) => reportOf(member, reference, nowMs))
}

/** All hold the same hash, have it in force, and are passing. */
export function areSame(reports: readonly ClusterMemberReport[]): boolean {
  return reports.every(({ verdict, state }) => verdict.kind === 'same' && state === 'passing')
}

function orderOf({ card }: Member): string {
  return `${card.node}\0${card.instance}`
}

function referenceOf(members: readonly Member[]): Card | undefined {
  const alive = members.filter(({ state }) => state !== 'critical')
  const voters = alive.length > 0 ? alive : members
  const votes = new Map<string, number>()
  for (const { card } of voters) votes.set(card.hash.whole, (votes.get(card.hash.whole) ?? 0) + 1)
  const votesOf = (card: Card): number => votes.get(card.hash.whole) ?? 0
  const [best] = voters.toSorted(
    ({ card: a }, { card: b }) =>
      votesOf(b) - votesOf(a) || b.catalogueIndex - a.catalogueIndex || b.sinceMs - a.sinceMs,
  )
  return best?.card
}

function reportOf(
  { card, state, why, stateSinceMs, isThis }: Member,
  reference: Card | undefined,
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
    verdict: verdictOf(card, state, reference, nowMs),
  }
}

function verdictOf(
  card: Card,
  state: Member['state'],
  reference: Card | undefined,
  nowMs: number,
): ClusterVerdict {
  if (reference === undefined || card.hash.whole === reference.hash.whole) {
    return card.isApplied ? { kind: 'same', text: 'same' } : notApplied
  }
  const since = Math.max(0, nowMs - reference.sinceMs)
  if (state === 'critical') return { kind: 'away', text: 'had another state when last heard of' }
  if (!card.isApplied) return notApplied
  if (card.pinnedTo !== undefined) {
    return { kind: 'pinned', text: `differs: pinned to generation ${card.pinnedTo} by rollback` }
  }
  const parts = differingParts(card, reference)
  if (parts.includes('settings')) return { kind: 'settings', text: `differs: ${parts.join(', ')}` }
  if (card.catalogueIndex < reference.catalogueIndex) {
    const { catalogueIndex } = reference
    const text = `lags: catalogue index ${card.catalogueIndex} < ${catalogueIndex}`
    return { kind: 'lags', text, forMs: since }
  }
  const pinned = reference.pinnedTo === undefined ? '' : ', the others are pinned'
  return { kind: 'differs', text: `differs: ${parts.join(', ')}${pinned}`, forMs: since }
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
