import type { AdminState } from '../model/desired-state.ts'
import { isDigest } from '../model/file-digest.ts'
import type { Capabilities } from '../haproxy/capabilities.ts'
import { readLoadedFiles } from '../haproxy/apply/read-files.ts'
import type { HaproxyControl, RunningBackend, RunningServer } from '../haproxy/control.ts'
import type { Change } from '../haproxy/diff/plan.ts'
import { planChanges } from '../haproxy/diff/plan-changes.ts'
import { parseBackends, showBackendsCommand } from '../haproxy/runtime/backends.ts'
import { HaproxyError } from '../haproxy/runtime/errors.ts'
import { refusalOf } from '../haproxy/runtime/replies.ts'
import { parseServers, showServersCommand } from '../haproxy/runtime/servers.ts'
import { parseStatistics } from '../haproxy/runtime/statistics.ts'
import { wantedStates } from './kept-states.ts'
import { comparable } from './named-contents.ts'

/** What a running HAProxy says of itself. */
export type Running = {
  readonly servers: Map<string, RunningServer>
  /** From 3.4, by name. */
  readonly backends: Map<string, RunningBackend>
  /** `frontend web`, `backend app`; a `listen` is both. */
  readonly proxies: ReadonlySet<string>
}

type Control = Pick<HaproxyControl, 'execute'>

/** Throws HaproxyError `haproxy_unreachable`, `haproxy_refused`. */
export async function readRunning(haproxy: Control): Promise<Running> {
  const questions = ['show stat -1 3 -1', showServersCommand(), showBackendsCommand()]
  const [statistics = '', servers = '', backends = ''] = await haproxy.execute(questions)
  const refusal = refusalOf(servers)
  if (refusal !== undefined)
    throw new HaproxyError('haproxy_refused', `HAProxy does not list its servers: ${refusal}`)
  const rows = parseStatistics(statistics)
  return {
    servers: parseServers(servers),
    backends: parseBackends(backends),
    proxies: new Set(rows.map(({ kind, proxy }) => `${kind} ${proxy}`)),
  }
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
 * its servers are in, or with these; undefined: commands could not. `files`: those in its memory.
 */
export function driftFrom(
  text: { readonly config: string; readonly files: ReadonlyMap<string, string> },
  { servers, backends }: Running,
  files: ReadonlyMap<string, string>,
  capabilities: Capabilities,
  states: ReadonlyMap<string, AdminState> = currentStates(text.config, servers),
): readonly Change[] | undefined {
  const known = [...text.files].filter(([, content]) => !isDigest(content))
  const desired = { config: text.config, files: new Map(known), servers: states }
  const base = { config: text.config, files, servers, backends }
  const plan = planChanges(base, desired, capabilities)
  return plan.kind === 'reload' ? undefined : plan.changes
}

function currentStates(text: string, servers: Running['servers']): ReadonlyMap<string, AdminState> {
  return wantedStates({ servers, before: text, after: text, isReset: false }).states
}
