import type { ChangeReport } from '../api/contract.ts'
import type { DesiredState } from '../model/desired-state.ts'
import type { Problem } from '../model/problem.ts'
import type { Cause } from '../model/snapshot.ts'

/** A change for the ledger, before it has its number. */
export type ChangeEntry = Omit<ChangeReport, 'id'>

/** What the ledger keeps of a change beside its entry. */
export type ChangeRecord = {
  /** As they may be shown; of very many the first. */
  readonly commands: readonly string[]
  readonly problems: readonly Problem[]
  /** The desired state that is in force then, or that could not be brought about. */
  readonly state: DesiredState
}

/** What came of bringing HAProxy to a desired state. */
export type Applied = {
  readonly how: 'none' | 'runtime' | 'reload'
  readonly changes: readonly string[]
  /** Why a reload: its kind, for counting, and a sentence. */
  readonly reasons: readonly Reason[]
  /** Commands that changed something, as they may be shown. */
  readonly commands: readonly string[]
  readonly problems: readonly Problem[]
  /** A reload that has to wait: to be applied again then, with whatever is wanted by then. */
  readonly deferred?: Deferred
}

export type Deferred = {
  /** `interval`: the last reload was a moment ago. `workers`: it would cut long connections. */
  readonly by: 'interval' | 'workers'
  readonly afterMs: number
  readonly reasons: readonly Reason[]
  /** What is in force meanwhile; undefined: what was before. */
  readonly state: DesiredState | undefined
}

type Reason = { readonly kind: string; readonly text: string }

/** Of a start with thousands of servers nobody reads all. */
const mostKept = 200

/** Puts together what is said of a change at its end. */
export function changeEntry(input: {
  readonly causes: readonly Cause[]
  readonly how: ChangeEntry['how']
  readonly done: Pick<Applied, 'changes' | 'reasons' | 'commands'>
  readonly atMs: number
  readonly applyMs: number
  readonly desiredHash: string
  readonly pinnedTo: number | undefined
}): ChangeEntry {
  const { causes, done, atMs, pinnedTo } = input
  const events = causes.flatMap((cause) => cause.eventAtMs ?? [])
  const seen = causes.map((cause) => cause.seenAtMs)
  return {
    atMs,
    causes: causes.map((cause) => cause.what),
    how: input.how,
    reasons: done.reasons.map(({ text }) => text),
    kinds: [...new Set(done.reasons.map(({ kind }) => kind))],
    changes: firstOf(done.changes),
    changeCount: done.changes.length,
    commands: done.commands.length,
    eventToDoneMs: events.length === 0 ? undefined : atMs - Math.min(...events),
    seenToDoneMs: atMs - Math.min(atMs, ...seen),
    applyMs: Math.round(input.applyMs * 100) / 100,
    desiredHash: input.desiredHash,
    ...(pinnedTo === undefined ? {} : { pinnedTo }),
  }
}

/** The first of very many, and a word about the rest. */
export function firstOf(texts: readonly string[]): readonly string[] {
  if (texts.length <= mostKept) return texts
  return [...texts.slice(0, mostKept), `… and ${texts.length - mostKept} more`]
}

/** What to show while a reload waits; nothing for a wait that is over in a moment. */
export function deferralProblems({ by, reasons }: Deferred): readonly Problem[] {
  if (by === 'interval') return []
  const why = reasons.map(({ text }) => text).join('; ')
  return [
    {
      where: 'haproxy',
      what: `a reload waits, since it would cut connections that an old worker still has: ${why}`,
      hint: 'it is done when the oldest of them have ended, or are as old as --hard-stop; servers come and go meanwhile',
    },
  ]
}
