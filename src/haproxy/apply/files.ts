import type { DesiredState } from '../../model/desired-state.ts'
import type { Problem } from '../../model/problem.ts'
import { StateWriteError } from '../../support/atomic-file.ts'
import type { ApplyContext } from './context.ts'
import type { KnownState } from './read-back.ts'
import { StagedFiles } from './staged-files.ts'

/** Writes what differs from what is on disk beside the files, and flushes it. Throws StateWriteError. */
export function stageText(
  context: ApplyContext,
  known: KnownState,
  desired: DesiredState,
): Promise<StagedFiles> {
  const wanted = [...desired.files, [context.haproxy.configPath, desired.config] as const]
  return StagedFiles.write(wanted.filter(([path, content]) => known.onDisk.get(path) !== content))
}

/** The files are in place, or a problem says why not; HAProxy has the change either way. */
export async function persistText(staging: Promise<StagedFiles>): Promise<Problem[]> {
  try {
    const staged = await staging
    await staged.replace()
    return []
  } catch (error) {
    return [problemOf(error)]
  }
}

/**
 * What is known after an apply that HAProxy has and that was verified: what was wanted, and, unless
 * there was a problem, that it is on disk.
 */
export function rememberText(
  context: ApplyContext,
  known: KnownState,
  desired: DesiredState,
  problems: readonly Problem[],
): void {
  const { config, files } = desired
  const onDisk =
    problems.length > 0 ? known.onDisk : new Map([...files, [context.haproxy.configPath, config]])
  context.keep({ config, files, servers: known.servers, agreedStates: desired.servers, onDisk })
}

/** Removes what was staged, if it was. */
export async function discardText(staging: Promise<StagedFiles>): Promise<void> {
  const staged = await staging.catch(onlyUnwritable)
  await staged?.discard()
}

/** For where a full disk changes nothing about what must be done next. */
export function onlyUnwritable(error: unknown): undefined {
  if (!(error instanceof StateWriteError)) throw error
  return undefined
}

/** Throws on what is not a StateWriteError. */
export function problemOf(error: unknown): Problem {
  if (!(error instanceof StateWriteError)) throw error
  return { where: 'state folder', what: error.message, hint: error.hint }
}
