import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { DesiredState } from '../model/desired-state.ts'
import { capabilitiesOf } from '../haproxy/capabilities.ts'
import type { Capabilities } from '../haproxy/capabilities.ts'
import type { Change, Plan, RunningState } from '../haproxy/diff/plan.ts'
import { planChanges } from '../haproxy/diff/plan-changes.ts'
import { attachHaproxy } from '../haproxy/process/attached.ts'
import type { AttachedHaproxy } from '../haproxy/process/attached.ts'
import { findBase } from './base.ts'
import type { Base } from './base.ts'
import { checkText } from './check-text.ts'
import { movedTo, readConfigSource, sourceOf } from './config-source.ts'
import type { ConfigSource } from './config-source.ts'
import { HandwrittenError } from './errors.ts'
import { wantedStates } from './kept-states.ts'
import type { KeptState } from './kept-states.ts'
import { livePathOf, locateHaproxy } from './locate.ts'
import type { Located } from './locate.ts'
import { baseFolder, noContents, readNamedContents } from './named-contents.ts'
import type { NamedContents } from './named-contents.ts'
import { Records, sourceOfLoaded } from './records.ts'
import { driftFrom, filesInMemory, readRunning } from './running.ts'
import type { Running } from './running.ts'

export type HandwrittenOptions = {
  /** The configuration to be had: a file or a folder of `.cfg` files. Absolute. */
  readonly newPath: string
  /** The file or folder that HAProxy loads; undefined: found out. Absolute. */
  readonly livePath: string | undefined
  readonly socket: string | undefined
  readonly reloadCommand: readonly string[] | undefined
  /** Checks texts in place of the program that HAProxy was started by. */
  readonly program: string | undefined
  /** Fairlead's state folder of this user. */
  readonly stateFolder: string
  /** Whether servers that somebody put in drain or maintenance get what the text says. */
  readonly isReset: boolean
}

/** All that is known before anything is changed. */
export type Prepared = {
  readonly options: HandwrittenOptions
  readonly haproxy: AttachedHaproxy
  readonly located: Located
  readonly records: Records
  readonly capabilities: Capabilities
  /** As it was given. */
  readonly source: ConfigSource
  /** The same at the place that HAProxy loads from. */
  readonly next: ConfigSource
  /** What is there now. */
  readonly live: ConfigSource
  readonly isInPlace: boolean
  /** Where relative paths of the text begin. */
  readonly folder: string
  readonly named: NamedContents
  readonly running: Running
  readonly base: Base
  /** The files in HAProxy's memory, as far as they are known. */
  readonly inMemory: ReadonlyMap<string, string>
  readonly desired: DesiredState
  readonly plan: Plan
  /** Of the plan, what somebody changed at runtime, and the text did not. */
  readonly drift: readonly Change[]
  readonly kept: readonly KeptState[]
}

/**
 * Reads everything and plans; writes nothing. Throws HandwrittenError, HaproxyError
 * `haproxy_unreachable`, `haproxy_refused`, and ConfigRejectedError with HAProxy's own words.
 */
export async function prepare(options: HandwrittenOptions): Promise<Prepared> {
  const source = await readConfigSource(options.newPath)
  const texts = [source, ...(await liveTexts(options))]
  const located = await locateHaproxy({ ...options, texts })
  const livePath = await livePathOf(located, options.livePath, options.newPath)
  const records = new Records(options.stateFolder, livePath)
  const haproxy = await attachHaproxy({
    socket: located.socket,
    allowsRemote: options.socket !== undefined,
    configPath: livePath,
    recordPath: join(records.folder, 'attached'),
    ...(options.reloadCommand === undefined ? {} : { reloadCommand: options.reloadCommand }),
    ...(options.program === undefined ? {} : { program: options.program }),
  })
  const workingFolder = located.facts?.folder ?? process.cwd()
  await checkText(source, haproxy, located, options.program)
  const next = movedTo(source, livePath)
  const live = await readLive(livePath, next)
  const folder = baseFolder(next.text, workingFolder, next.parts[0]?.path ?? livePath)
  const named = await readNamedContents(next.text, folder)
  const running = await readRunning(haproxy)
  const found = { haproxy, located, records, livePath, live, workingFolder, running }
  const base = await findBaseOf(found, capabilitiesOf(haproxy.version))
  const inMemory = await filesInMemory(haproxy, base.loaded?.files ?? new Map(), named.contents)
  const state = { source, next, live, folder, named, running, base, inMemory }
  return { options, haproxy, located, records, ...state, ...planOf(state, haproxy, options) }
}

async function liveTexts({ livePath }: HandwrittenOptions): Promise<ConfigSource[]> {
  return livePath === undefined ? [] : [await readConfigSource(livePath)]
}

/** What HAProxy loads from, if it is of one kind with what is to be there. */
async function readLive(livePath: string, next: ConfigSource): Promise<ConfigSource> {
  const live = await readConfigSource(livePath).catch((error: unknown) => {
    if (error instanceof HandwrittenError) return sourceOf(livePath, next.isFolder, [])
    throw error
  })
  if (live.isFolder === next.isFolder) return live
  const kinds = live.isFolder ? ['a folder', 'a file'] : ['a file', 'a folder']
  throw new HandwrittenError(
    'usage',
    `HAProxy loads ${kinds[0]}, ${livePath}, and this is ${kinds[1]}`,
  )
}

async function findBaseOf(
  found: Pick<Prepared, 'haproxy' | 'located' | 'records' | 'live' | 'running'> & {
    readonly livePath: string
    readonly workingFolder: string
  },
  capabilities: Capabilities,
): Promise<Base> {
  const { haproxy, located, records, live, livePath, workingFolder, running } = found
  const first = live.parts[0]?.path
  const folder = baseFolder(live.text, workingFolder, first ?? livePath)
  const { worker } = located.observed
  return findBase({
    haproxy,
    livePath,
    loaded: await records.readLoaded(),
    intent: await records.readIntent(),
    worker,
    running,
    startedMs: located.startedMs,
    live: first === undefined ? undefined : live,
    liveChangedMs: await lastChange(live),
    liveFiles: first === undefined ? noContents : await readNamedContents(live.text, folder),
    isStartedWith: located.facts !== undefined,
    isKept: located.isKept,
    capabilities,
  })
}

/** When a part, or the list of parts, last changed in any way. */
async function lastChange({ path, isFolder, parts }: ConfigSource): Promise<number> {
  const paths = [...(isFolder ? [path] : []), ...parts.map((part) => part.path)]
  const stats = await Promise.all(paths.map((each) => stat(each)))
  return Math.max(0, ...stats.map(({ ctimeMs }) => ctimeMs))
}

function planOf(
  state: Pick<Prepared, 'next' | 'live' | 'named' | 'running' | 'base' | 'inMemory'>,
  haproxy: AttachedHaproxy,
  { isReset }: HandwrittenOptions,
): Pick<Prepared, 'capabilities' | 'isInPlace' | 'desired' | 'plan' | 'drift' | 'kept'> {
  const { next, live, named, running, base, inMemory } = state
  const capabilities = capabilitiesOf(haproxy.version)
  const before = base.loaded === undefined ? undefined : sourceOfLoaded(next.path, base.loaded).text
  const { states, kept } = wantedStates({
    servers: running.servers,
    before,
    after: next.text,
    isReset,
  })
  const desired = { config: next.text, files: named.contents, servers: states }
  const plan = planFrom(base, { ...running, files: inMemory }, desired, capabilities)
  const old = base.loaded && { config: before ?? '', files: base.loaded.files }
  const drift =
    old === undefined ? [] : (driftFrom(old, running, inMemory, capabilities, states) ?? [])
  const isInPlace =
    next.parts.length === live.parts.length &&
    next.parts.every((part, index) => part.text === live.parts[index]?.text)
  return { capabilities, isInPlace, desired, plan, drift, kept }
}

/** The plan, with the reason why nothing is known in place of the differ's own. */
function planFrom(
  { loaded, why }: Base,
  running: Omit<RunningState, 'config'>,
  desired: DesiredState,
  capabilities: Capabilities,
): Plan {
  if (loaded === undefined) return reloadBecause(why)
  return planChanges({ ...running, config: sourceOfLoaded('', loaded).text }, desired, capabilities)
}

export function reloadBecause(why: string): Plan {
  const text = `it is not known what HAProxy runs: ${why}`
  return { kind: 'reload', changes: [], reasons: [{ kind: 'unknown', text }] }
}
