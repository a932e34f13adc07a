import type { AdminState } from '../model/desired-state.ts'
import { isDigest } from '../model/file-digest.ts'
import type { Capabilities } from '../haproxy/capabilities.ts'
import { readBack } from '../haproxy/apply/read-back.ts'
import type { KnownState } from '../haproxy/apply/read-back.ts'
import { readLoadedFiles } from '../haproxy/apply/read-files.ts'
import type { HaproxyControl } from '../haproxy/control.ts'
import type { Change } from '../haproxy/diff/plan.ts'
import { planChanges } from '../haproxy/diff/plan-changes.ts'
import { parseStatistics } from '../haproxy/runtime/statistics.ts'
import { wantedStates } from './kept-states.ts'
import { comparable } from './named-contents.ts'

/** What a running HAProxy says of itself, but for its files. */
export type Running = Omit<KnownState, 'config' | 'sections' | 'files' | 'onDisk'> & {
  /** `frontend web`, `backend app`; a `listen` is both. */
  readonly proxies: ReadonlySet<string>
}

type Control = Pick<HaproxyControl, 'execute'>

/** Throws HaproxyError `haproxy_unreachable`, `haproxy_refused`. */
export async function readRunning(haproxy: Control): Promise<Running> {
  const [statistics = ''] = await haproxy.execute(['show stat -1 3 -1'])
  // Memory alone: the disk is looked at elsewhere.
  const execute = (commands: readonly string[]): Promise<readonly string[]> =>
    haproxy.execute(commands)
  const memory = { execute, isTextKnown: false, configPath: '/dev/null' }
  const { config: _, files: __, onDisk: ___, ...rest } = await readBack(memory, [])
  const rows = parseStatistics(statistics)
  return { ...rest, proxies: new Set(rows.map(({ kind, proxy }) => `${kind} ${proxy}`)) }
}

/**
 * The files that HAProxy runs: what it was loaded with, and what it says itself of maps, ACLs and
 * certificates. `current`: the contents on disk, since of some only digests were kept.
 */
export function filesInMemory(
  haproxy: Control,
  loaded: ReadonlyMap<string, string>,
  current: ReadonlyMap<string, string>,
): Promise<Map<string, string>> {
  return readLoadedFiles(haproxy, comparable(loaded, current))
}

/**
 * What commands would have to change for HAProxy to have just this text, with the admin states that
 * its servers are in, or with these; undefined: commands could not. `files`: those in its memory; of
 * one that the text has only as a digest nothing is said.
 */
export function driftFrom(
  text: { readonly config: string; readonly files: ReadonlyMap<string, string> },
  running: Running,
  files: ReadonlyMap<string, string>,
  capabilities: Capabilities,
  states: ReadonlyMap<string, AdminState> = currentStates(text.config, running.servers),
): readonly Change[] | undefined {
  const known = [...text.files].filter(([, content]) => !isDigest(content))
  const desired = { config: text.config, files: new Map(known), servers: states }
  const inMemory = [...files].filter(([path]) => !isDigest(text.files.get(path) ?? ''))
  const base = { ...running, config: text.config, files: new Map(inMemory) }
  const plan = planChanges(base, desired, capabilities)
  return plan.kind === 'reload' ? undefined : plan.changes
}

function currentStates(text: string, servers: Running['servers']): ReadonlyMap<string, AdminState> {
  return wantedStates({ servers, before: text, after: text, isReset: false }).states
}
