import type { ApplyResult } from '../haproxy/apply/context.ts'
import type { Change, ReloadReason } from '../haproxy/diff/plan.ts'
import { showCommand } from '../haproxy/runtime/words.ts'
import { placeOf } from './config-source.ts'
import type { ConfigSource } from './config-source.ts'
import type { KeptState } from './kept-states.ts'
import type { Prepared } from './prepare.ts'
import { sourceOfLoaded } from './records.ts'

/** What `fairlead plan` says; `--json` prints just this. */
export type PlanReport = {
  readonly haproxy: {
    readonly version: string
    /** Path or `ADDR:PORT` that it is spoken to at. */
    readonly socket: string
    /** How that was found: `--socket`, `stats socket in /etc/haproxy/haproxy.cfg`, … */
    readonly foundBy: string
    readonly workerPid: number
    /** Whether a reload could be done. */
    readonly canReload: boolean
  }
  /** The file or folder that was given. */
  readonly config: string
  /** The one that HAProxy loads; the same where it was edited in place. */
  readonly live: string
  readonly base: {
    readonly from: 'record' | 'finished' | 'disk' | 'unknown'
    readonly why: string
  }
  /** What brings it about: nothing is to be done, commands are enough, or one reload. */
  readonly how: 'none' | 'runtime' | 'reload'
  readonly changes: readonly PlannedChange[]
  /** Why a reload; empty otherwise. */
  readonly reasons: readonly PlannedReason[]
  /** In the order they are sent, without private keys; empty for a reload. */
  readonly commands: readonly string[]
  /** Servers that stay in the state somebody put them in. */
  readonly kept: readonly KeptState[]
}

export type PlannedChange = {
  readonly kind: Change['kind']
  /** `backend app`, `map hosts`, `global`; empty for what is about no section. */
  readonly section: string
  readonly sign: '+' | '-' | '~'
  /** `server web.4 10.0.1.7:80`. */
  readonly text: string
  /** `reload`: only by it. `with reload`: commands could do it, but the reload is there anyway. */
  readonly how: 'runtime' | 'reload' | 'with reload'
  /** It was changed at runtime by somebody, and the text does not say so. */
  readonly isDrift: boolean
  readonly commands: readonly string[]
}

export type PlannedReason = {
  readonly kind: ReloadReason['kind']
  /** With the place at its end where there is one: `global: maxconn 100 → 200 (line 3)`. */
  readonly text: string
  readonly section: string | undefined
  readonly file: string | undefined
  readonly line: number | undefined
}

/** What `fairlead apply --json` prints. */
export type ApplyReport = PlanReport & {
  readonly result: {
    readonly how: ApplyResult['how']
    readonly commands: readonly string[]
    /** Why a reload after all: HAProxy refused a command. */
    readonly reasons: readonly string[]
    /** From the first command to when HAProxy had it, read back. */
    readonly verifiedMs: number
    /** Servers in maintenance that keep their last connections; the next apply deletes them. */
    readonly lingering: readonly string[]
    /** What did not hinder it. */
    readonly problems: readonly string[]
  }
}

export function planReport(prepared: Prepared): PlanReport {
  const { located, haproxy, source, next, live, base, plan, options } = prepared
  const before = base.loaded === undefined ? live : sourceOfLoaded(next.path, base.loaded)
  const isReload = plan.kind === 'reload'
  const drift = new Set(prepared.drift.map(({ summary }) => summary))
  const reasons = plan.kind === 'reload' ? plan.reasons : []
  const changes = [...plan.changes, ...filesIn(reasons)].map((change) => {
    return planned(change, isReload, drift)
  })
  return {
    haproxy: {
      version: haproxy.version,
      socket: located.socket,
      foundBy: located.by,
      workerPid: haproxy.workerPid,
      canReload: located.observed.master !== undefined || options.reloadCommand !== undefined,
    },
    config: source.path,
    live: next.path,
    base: { from: base.from, why: base.why },
    how: plan.kind,
    changes: changes.map((change) => ({ ...change, text: placed(change.text, source, before) })),
    reasons: reasons.map((reason) => plannedReason(reason, source, before)),
    commands: plan.kind === 'runtime' ? plan.commands.map(showCommand) : [],
    kept: prepared.kept,
  }
}

/** A file that only a reload brings is a reason, and a change as well. */
function filesIn(reasons: readonly ReloadReason[]): Change[] {
  return reasons
    .filter(({ kind }) => kind === 'file')
    .map(({ text }) => ({ kind: 'structure', summary: text, commands: [] }))
}

function planned(change: Change, isReload: boolean, drift: ReadonlySet<string>): PlannedChange {
  const { kind, summary } = change
  const commands = change.commands.map(showCommand)
  const how = isReload ? (commands.length === 0 ? 'reload' : 'with reload') : 'runtime'
  const { section, rest } = splitLabel(summary)
  const signed = /^([+~-]) /.exec(rest)?.[1] as PlannedChange['sign'] | undefined
  return {
    kind,
    section,
    sign: signed ?? signOf(rest),
    text: signed === undefined ? wholeOf(rest) : rest.slice(2),
    how,
    isDrift: drift.has(summary),
    commands,
  }
}

/** `backend app: …`, `backend app is new …`, or a sentence about no section. */
function splitLabel(summary: string): { readonly section: string; readonly rest: string } {
  const labelled = /^(before the first section|\S+(?: \S+)?): (.*)$/.exec(summary)
  const told = labelled ?? /^(\S+(?: \S+)?) ((?:is new|was removed)\b.*)$/.exec(summary)
  return { section: told?.[1] ?? '', rest: told?.[2] ?? summary }
}

/** Why a section that comes or goes wants a reload stands among the reasons. */
function wholeOf(text: string): string {
  return /^(?:is new|was removed)\b/.test(text) ? 'the whole section' : text
}

/** Of what is told in words: `maxconn 100 added (line 3)`, `is new (line 7)`, `was removed`. */
function signOf(text: string): PlannedChange['sign'] {
  const words = text.replace(/ \((?:was )?line \d+\)$/, '')
  if (/^is new\b|\badded$/.test(words)) return '+'
  return /^was removed\b|\bremoved$/.test(words) ? '-' : '~'
}

function plannedReason(
  { kind, text, section, line }: ReloadReason,
  source: ConfigSource,
  before: ConfigSource,
): PlannedReason {
  const isOld = /\(was line \d+\)$|\bwas removed\b/.test(text)
  const place = line === undefined ? undefined : placeOf(isOld ? before : source, line)
  const hasPlace = /\((?:was )?line \d+\)$/.test(text)
  const told =
    hasPlace || line === undefined ? text : `${text} (${isOld ? 'was ' : ''}line ${line})`
  return { kind, text: placed(told, source, before), section, file: place?.file, line: place?.line }
}

/** Of a folder, which file a line is in: `(line 12)` becomes `(20-app.cfg:3)`. */
function placed(text: string, source: ConfigSource, before: ConfigSource): string {
  if (!source.isFolder) return text
  return text.replace(/\((was )?line (\d+)\)$/, (_, was: string | undefined, number: string) => {
    const { file, line } = placeOf(was === undefined ? source : before, Number(number))
    return `(${was ?? ''}${file.slice(file.lastIndexOf('/') + 1)}:${line})`
  })
}
