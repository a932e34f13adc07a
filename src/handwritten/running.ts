import type { AdminState } from '../model/desired-state.ts'
import type { Capabilities } from '../haproxy/capabilities.ts'
import { readBack } from '../haproxy/apply/read-back.ts'
import type { RunningBackend, RunningServer } from '../haproxy/control.ts'
import type { Change } from '../haproxy/diff/plan.ts'
import { planChanges } from '../haproxy/diff/plan-changes.ts'
import type { HaproxyRunner } from '../haproxy/process/runner.ts'
import { parseMapFile, printMapFile } from '../haproxy/runtime/maps.ts'
import { parseStatistics } from '../haproxy/runtime/statistics.ts'
import { wantedStates } from './kept-states.ts'
import { comparable } from './named-contents.ts'

/** What a running HAProxy says of itself. */
export type Running = {
  readonly servers: Map<string, RunningServer>
  /** From 3.4, by name. */
  readonly backends: Map<string, RunningBackend>
  /** Map files as it has them in memory. */
  readonly maps: ReadonlyMap<string, string>
  /** `frontend web`, `backend app`; a `listen` is both. */
  readonly proxies: ReadonlySet<string>
}

/** Throws HaproxyError `haproxy_unreachable`, `haproxy_refused`. */
export async function readRunning(haproxy: HaproxyRunner): Promise<Running> {
  const [statistics = ''] = await haproxy.execute(['show stat -1 3 -1'])
  // HAProxy's memory alone: the disk is looked at elsewhere.
  const execute = (commands: readonly string[]): Promise<readonly string[]> =>
    haproxy.execute(commands)
  const read = await readBack({ execute, isTextKnown: false, configPath: '/dev/null' }, [])
  const rows = parseStatistics(statistics)
  return {
    servers: read.servers,
    backends: read.backends,
    maps: read.files,
    proxies: new Set(rows.map(({ kind, proxy }) => `${kind} ${proxy}`)),
  }
}

/** Kept contents, but maps as HAProxy has them; where the entries are the same, in the form they were kept. */
export function withMaps(
  files: ReadonlyMap<string, string>,
  maps: ReadonlyMap<string, string>,
): Map<string, string> {
  const merged = new Map(files)
  for (const [path, content] of maps) {
    const kept = merged.get(path)
    if (kept === undefined || printMapFile(parseMapFile(kept)) !== content)
      merged.set(path, content)
  }
  return merged
}

/**
 * What commands would have to change for HAProxy to have just this text, with the admin states that
 * its servers are in, or with these; undefined: commands could not.
 */
export function driftFrom(
  text: { readonly config: string; readonly files: ReadonlyMap<string, string> },
  running: Running,
  capabilities: Capabilities,
  states: ReadonlyMap<string, AdminState> = currentStates(text.config, running),
): readonly Change[] | undefined {
  const files = comparable(withMaps(text.files, running.maps), text.files)
  const { servers, backends } = running
  const base = { config: text.config, files, servers, backends }
  const plan = planChanges(base, { ...text, servers: states }, capabilities)
  return plan.kind === 'reload' ? undefined : plan.changes
}

function currentStates(text: string, { servers }: Running): ReadonlyMap<string, AdminState> {
  return wantedStates({ servers, before: text, after: text, isReset: false }).states
}
