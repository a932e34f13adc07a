import type { DesiredState } from '../model/desired-state.ts'
import { isDigest } from '../model/file-digest.ts'
import type { ApplyContext } from '../haproxy/apply/context.ts'
import type { KnownState } from '../haproxy/apply/read-back.ts'
import type { Removals } from '../haproxy/apply/removals.ts'
import type { FileText } from '../haproxy/apply/staged-files.ts'
import { planChanges } from '../haproxy/diff/plan-changes.ts'
import type { ConfigPart } from './config-source.ts'
import { comparable } from './named-contents.ts'
import { reloadBecause } from './prepare.ts'
import type { Prepared } from './prepare.ts'
import { sourceOfLoaded } from './records.ts'
import type { ReloadRunner } from './reload-runner.ts'

/**
 * What one apply of a prepared configuration works with; `applied`: what it is told to make true;
 * `paths`: where the parts are written.
 */
export function contextFor(
  prepared: Prepared,
  runner: ReloadRunner,
  removals: Removals,
  applied: DesiredState,
  paths: ReadonlyMap<string, string>,
): ApplyContext {
  return {
    haproxy: runner,
    planChanges: plannerFor(prepared, runner, applied),
    capabilities: prepared.capabilities,
    removals,
    known: knownOf(prepared, runner.configPath, paths),
    keep: () => undefined,
    reloadWait: () => Promise.resolve(undefined),
  }
}

/**
 * The files of the desired state as the apply stage sees them: those that the text names and whose
 * content counts (they are in place already), and, of a folder, its parts, which are to be written
 * to `paths`.
 */
export function writtenFiles(
  { named, next }: Prepared,
  paths: ReadonlyMap<string, string>,
): Map<string, string> {
  const files = [...named.contents].filter(([, content]) => !isDigest(content))
  const parts = next.isFolder ? written(next.parts, paths) : []
  return new Map([...files, ...parts])
}

function written(
  parts: readonly ConfigPart[],
  paths: ReadonlyMap<string, string>,
): (readonly [path: string, text: string])[] {
  return parts.map(({ path, text }) => [paths.get(path) ?? path, text])
}

/** What HAProxy runs and what is on disk, before the apply. */
function knownOf(
  prepared: Prepared,
  configPath: string,
  paths: ReadonlyMap<string, string>,
): KnownState {
  const { base, running, live, named, inMemory } = prepared
  const { loaded } = base
  const onDisk = new Map<string, FileText>(named.contents)
  for (const [path, text] of written(live.parts, paths)) onDisk.set(path, text)
  if (!live.isFolder) onDisk.set(configPath, live.parts[0]?.text ?? '')
  return {
    ...running,
    config: loaded === undefined ? undefined : sourceOfLoaded('', loaded).text,
    files: inMemory,
    onDisk,
  }
}

/**
 * The differ, for a configuration whose files the apply stage knows only in part: what is a digest is
 * added on both sides, the parts of a folder are taken away.
 * Nothing but the whole is planned: where the reload cannot be done HAProxy goes on with what it had,
 * and does not get the servers of a text that is not in force.
 */
function plannerFor(
  prepared: Prepared,
  runner: ReloadRunner,
  applied: DesiredState,
): ApplyContext['planChanges'] {
  const { base, desired, inMemory } = prepared
  return (known, { files: wanted }, capabilities) => {
    if (wanted !== applied.files) return { kind: 'none', changes: [] }
    const isLoadedAnew = runner.reloaded === 'done'
    if (base.loaded === undefined && !isLoadedAnew) return reloadBecause(base.why)
    const before = isLoadedAnew ? desired.files : inMemory
    const files = comparable(new Map([...before, ...known.files]), desired.files)
    return planChanges({ ...known, files }, desired, capabilities)
  }
}
