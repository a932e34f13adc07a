import { dirname } from 'node:path'
import { unknownContent } from '../model/file-digest.ts'
import type { Capabilities } from '../haproxy/capabilities.ts'
import type { HaproxyControl } from '../haproxy/control.ts'
import { layOut } from '../haproxy/diff/layout.ts'
import { loadedCertificates } from '../haproxy/diff/loaded-certificates.ts'
import type { Change } from '../haproxy/diff/plan.ts'
import { parseCertificatePaths } from '../haproxy/runtime/certificates.ts'
import type { WorkerIdentity } from '../haproxy/runtime/worker-dialects.ts'
import type { ConfigSource } from './config-source.ts'
import type { NamedContents } from './named-contents.ts'
import { isSameParts, isSameWorker, sourceOfLoaded } from './records.ts'
import type { Intent, LoadedRecord, LoadedText } from './records.ts'
import { driftFrom, filesInMemory } from './running.ts'
import type { Running } from './running.ts'

/** What HAProxy runs, as far as it can be known, and how that is known. */
export type Base = {
  /** Undefined: not known, so that one reload has to make it known. */
  readonly loaded: LoadedText | undefined
  /** `record`: kept at the last apply; `finished`: an interrupted one; `disk`: the file on disk. */
  readonly from: 'record' | 'finished' | 'disk' | 'unknown'
  /** For people: where it is from, or why it is not known. */
  readonly why: string
  /** An apply that was interrupted, and which text HAProxy has now. */
  readonly leftOver: { readonly intent: Intent; readonly has: 'before' | 'next' } | undefined
}

export type BaseInput = {
  readonly haproxy: Pick<HaproxyControl, 'execute'>
  readonly livePath: string
  readonly loaded: LoadedRecord | undefined
  readonly intent: Intent | undefined
  readonly worker: WorkerIdentity
  readonly running: Running
  /** When the worker started, Unix ms. */
  readonly startedMs: number
  /** What is on disk where HAProxy loads from; undefined: nothing that can be read. */
  readonly live: ConfigSource | undefined
  /** When a part of it last changed in any way, Unix ms. */
  readonly liveChangedMs: number
  readonly liveFiles: NamedContents
  /** Whether HAProxy's own command line names this file or folder. */
  readonly isStartedWith: boolean
  /** Whether `fairlead up`, which keeps this HAProxy, says that it runs what is on disk. */
  readonly isKept: boolean
  readonly capabilities: Capabilities
}

/** The base of the difference: a record of this very worker, else the disk if it must be what was loaded. */
export async function findBase(input: BaseInput): Promise<Base> {
  const { loaded, intent, worker } = input
  const record = loaded !== undefined && isSameWorker(loaded.worker, worker) ? loaded : undefined
  const isOpen = intent !== undefined && isSameWorker(intent.worker, worker)
  if (!isOpen || (record !== undefined && isSameText(record, intent.next))) {
    const base = record === undefined ? await fromDisk(input) : fromRecord(record)
    // HAProxy was loaded anew since: what is on disk then was loaded, whoever did it.
    return { ...base, leftOver: intent === undefined ? undefined : { intent, has: 'next' } }
  }
  if (intent.how === 'reload') {
    const base = record === undefined ? await fromDisk(input) : fromRecord(record)
    return { ...base, leftOver: { intent, has: 'before' } }
  }
  return afterInterruption(input, intent, record)
}

/** What people change at runtime without a thought for the file. */
const runtimeOnly: ReadonlySet<Change['kind']> = new Set([
  'server-weight',
  'server-maxconn',
  'map-entry',
  'acl-entry',
])

function fromRecord(record: LoadedRecord): Omit<Base, 'leftOver'> {
  const why = `the text that was loaded and verified at ${timeOf(record.at)}`
  return { loaded: record, from: 'record', why }
}

/** Commands were under way when an apply was killed: all of them had run, or none, or it is not known. */
async function afterInterruption(
  input: BaseInput,
  intent: Intent,
  record: LoadedRecord | undefined,
): Promise<Base> {
  const when = timeOf(intent.at)
  const canTell = intent.kinds.length > 0 && intent.kinds.every((kind) => visible.has(kind))
  if (canTell && (await agrees(input, intent.next))) {
    const why = `the text of an apply that was interrupted at ${when}, when HAProxy had all of it`
    return { loaded: intent.next, from: 'finished', why, leftOver: { intent, has: 'next' } }
  }
  if (canTell && record !== undefined && (await agrees(input, record))) {
    const why = `${fromRecord(record).why}; of an apply that was interrupted at ${when} HAProxy has nothing`
    return { loaded: record, from: 'record', why, leftOver: { intent, has: 'before' } }
  }
  const why = `an apply was interrupted at ${when}, and HAProxy may have only a part of it`
  return { loaded: undefined, from: 'unknown', why, leftOver: { intent, has: 'before' } }
}

/** Changes of which HAProxy tells whether they were made. */
const visible: ReadonlySet<Change['kind']> = new Set([
  'server-add',
  'server-remove',
  'server-address',
  'server-weight',
  'map-entry',
  'acl-entry',
])

async function agrees(input: BaseInput, text: LoadedText): Promise<boolean> {
  const config = sourceOfLoaded(input.livePath, text).text
  return (await changesFrom(input, config, text.files))?.length === 0
}

/** What differs in memory from a text; undefined: what commands cannot change. */
async function changesFrom(
  { haproxy, running, liveFiles, capabilities }: BaseInput,
  config: string,
  files: ReadonlyMap<string, string>,
): Promise<readonly Change[] | undefined> {
  const inMemory = await filesInMemory(haproxy, files, liveFiles.contents)
  return driftFrom({ config, files }, running, inMemory, capabilities)
}

/**
 * The disk, if nothing on it changed since the worker started, and HAProxy has the frontends and
 * backends it names. That HAProxy was started with it is enough then: what else differs was changed
 * at runtime. Where its command line cannot be seen its servers must be the same, too.
 */
async function fromDisk(input: BaseInput): Promise<Omit<Base, 'leftOver'>> {
  const { live, livePath, liveChangedMs, startedMs, running, isStartedWith } = input
  if (live === undefined) return unknown(`${livePath} cannot be read`)
  if (input.isKept) {
    const loaded = { isFolder: false, parts: live.parts, files: input.liveFiles.contents }
    return { loaded, from: 'disk', why: `${livePath}, as fairlead up keeps it` }
  }
  if (liveChangedMs >= startedMs) {
    const changed = `${livePath} changed after HAProxy loaded it at ${timeOf(startedMs)}`
    return unknown(`${changed}, and what was in it then was not kept`)
  }
  const other = otherProxy(live.text, running.proxies)
  if (other !== undefined) return unknown(`HAProxy does not run ${livePath}: ${other}`)
  const files = await filesBefore(input, live.text)
  const changes = await changesFrom(input, live.text, files)
  const moved = changes?.find(({ kind }) => !runtimeOnly.has(kind))
  if (!isStartedWith && (changes === undefined || moved !== undefined))
    return unknown(`HAProxy does not agree with ${livePath}: ${moved?.summary ?? 'servers differ'}`)
  const why = `${livePath}, which has not changed since HAProxy loaded it at ${timeOf(startedMs)}`
  return { loaded: { isFolder: live.isFolder, parts: live.parts, files }, from: 'disk', why }
}

function unknown(why: string): Omit<Base, 'leftOver'> {
  return { loaded: undefined, from: 'unknown', why }
}

/**
 * Files as they were loaded; of one that changed since only HAProxy itself may know what was in it.
 * Which certificates there were in a folder it says, too.
 */
async function filesBefore(
  { haproxy, liveFiles, startedMs }: BaseInput,
  config: string,
): Promise<Map<string, string>> {
  const { contents, changedMs } = liveFiles
  const files = new Map(
    [...contents].map(([path, content]) => [
      path,
      (changedMs.get(path) ?? startedMs) < startedMs ? content : unknownContent,
    ]),
  )
  const lists = loadedCertificates({ config }, files)?.lists ?? new Map<string, never[]>()
  const folders = [...lists.keys()].filter((path) => !files.has(path))
  if (folders.length === 0) return files
  const [reply = ''] = await haproxy.execute(['show ssl cert'])
  const loaded = new Set(parseCertificatePaths(reply))
  for (const path of loaded)
    if (folders.includes(dirname(path)) && !files.has(path)) files.set(path, unknownContent)
  for (const { certificate } of folders.flatMap((path) => lists.get(path) ?? []))
    if (files.get(certificate) === unknownContent && !loaded.has(certificate))
      files.delete(certificate)
  return files
}

/** A frontend or backend that only one of the two has; sections that may be off are passed over. */
function otherProxy(text: string, running: ReadonlySet<string>): string | undefined {
  const named = new Set<string>()
  for (const section of layOut({ config: text }).sections.values()) {
    const { keyword, name } = section
    const isOff = section.isConditional || /^[ \t]*disabled\b/m.test(section.text)
    const kinds = { frontend: ['frontend'], backend: ['backend'], listen: ['frontend', 'backend'] }
    for (const kind of kinds[keyword as keyof typeof kinds] ?? []) {
      named.add(`${kind} ${name}`)
      if (!isOff && !running.has(`${kind} ${name}`)) return `it has no ${kind} ${name}`
    }
    // HAProxy lists it as a frontend.
    if (keyword === 'log-forward') named.add(`frontend ${name}`)
  }
  const more = [...running].find((proxy) => !named.has(proxy))
  return more === undefined ? undefined : `it has a ${more}`
}

function isSameText(a: LoadedText, b: LoadedText): boolean {
  return (
    isSameParts(a.parts, b.parts) &&
    a.files.size === b.files.size &&
    [...a.files].every(([path, content]) => b.files.get(path) === content)
  )
}

/** `2026-11-22 21:40:03 UTC`. */
export function timeOf(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`
}
