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
import type { Base, BaseInput } from './base.ts'
import { checkText } from './check-text.ts'
import { movedTo, readConfigSource, sourceOf } from './config-source.ts'
import type { ConfigSource } from './config-source.ts'
import { HandwrittenError } from './errors.ts'
import { wantedStates } from './kept-states.ts'
import type { KeptState } from './kept-states.ts'
import { baseFolder, noContents, readNamedContents } from './named-contents.ts'
import type { NamedContents } from './named-contents.ts'
import { sourceOfLoaded } from './records.ts'
import { driftFrom, filesInMemory, readRunning } from './running.ts'
import type { Running } from './running.ts'
import type { HandwrittenOptions, Site } from './site.ts'

/** All that is known before anything is changed. */
export type Prepared = Site & {
  readonly haproxy: AttachedHaproxy
  readonly capabilities: Capabilities
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
 * Checks the new text, reads what HAProxy runs, and plans; writes nothing. Throws HandwrittenError,
 * HaproxyError `haproxy_unreachable`, `haproxy_refused`, and ConfigRejectedError with HAProxy's words.
 */
export async function prepare(site: Site): Promise<Prepared> {
  const { options, source, located, livePath, records } = site
  const kept = { loaded: await records.readLoaded(), intent: await records.readIntent() }
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
  const found = { ...site, ...kept, haproxy, live, workingFolder, running }
  const base = await findBaseOf(found, capabilitiesOf(haproxy.version))
  const inMemory = await filesInMemory(haproxy, base.loaded?.files ?? new Map(), named.contents)
  const state = { next, live, folder, named, running, base, inMemory }
  return { ...site, haproxy, ...state, ...planOf(state, haproxy, options) }
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
  found: Site &
    Pick<Prepared, 'haproxy' | 'live' | 'running'> &
    Pick<BaseInput, 'loaded' | 'intent'> & { readonly workingFolder: string },
  capabilities: Capabilities,
): Promise<Base> {
  const { haproxy, located, loaded, intent, live, livePath, workingFolder, running } = found
  const first = live.parts[0]?.path
  const folder = baseFolder(live.text, workingFolder, first ?? livePath)
  const { worker } = located.observed
  return findBase({
    haproxy,
    livePath,
    loaded,
    intent,
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
