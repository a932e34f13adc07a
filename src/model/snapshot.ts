import type { Candidate } from './candidate.ts'
import type { Endpoint } from './endpoint.ts'
import type { Problem } from './problem.ts'

/** A named set of endpoints that offer one thing. Replaced, never changed: equal object, equal content. */
export type Service = {
  readonly name: string
  /** Sorted by id. */
  readonly endpoints: readonly Endpoint[]
}

/** Where a change came from, for the ledger: the observation's cause and times. */
export type Cause = {
  readonly what: string
  /** When the daemon saw it happen (Unix ms, its clock); undefined when unknown. */
  readonly eventAtMs: number | undefined
  /** When fairlead learnt of it (Unix ms). */
  readonly seenAtMs: number
}

const mostCauses = 50

/** The causes of two changes that became one: the earliest fifty, the rest as a word. */
export function mergeCauses(unread: readonly Cause[], newer: readonly Cause[]): readonly Cause[] {
  if (unread.length > mostCauses) return unread
  const all = [...unread, ...newer]
  if (all.length <= mostCauses) return all
  return [...all.slice(0, mostCauses), { ...(all[mostCauses] as Cause), what: 'and more' }]
}

/** The registry's content at one revision. Immutable; services that did not change keep their identity. */
export type Snapshot = {
  readonly revision: number
  readonly services: ReadonlyMap<string, Service>
  readonly candidates: readonly Candidate[]
  /** Found while merging sources: two things that claim one endpoint id, and the like. */
  readonly problems: readonly Problem[]
}

export const emptySnapshot: Snapshot = {
  revision: 0,
  services: new Map(),
  candidates: [],
  problems: [],
}
