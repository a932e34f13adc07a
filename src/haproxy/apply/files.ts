import { isSameList, type DesiredState } from '../../model/desired-state.ts'
import { isDigest, isSameContent, withoutKeys } from '../../model/file-digest.ts'
import type { Problem } from '../../model/problem.ts'
import { StateWriteError } from '../../support/atomic-file.ts'
import type { ApplyContext } from './context.ts'
import { withText, type KnownState } from './read-back.ts'
import { StagedFiles, type FileText } from './staged-files.ts'

/** Writes what differs from what is on disk beside the files, and flushes it. Throws StateWriteError. */
export function stageText(
  context: ApplyContext,
  known: KnownState,
  desired: DesiredState,
): Promise<StagedFiles> {
  const wanted = filesOf(context.haproxy.configPath, desired)
  return StagedFiles.write(
    wanted.filter(([path, content]) => !isSameFile(known.onDisk.get(path), content)),
  )
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
  const files = withoutKeys(desired.files)
  const onDisk =
    problems.length > 0
      ? known.onDisk
      : new Map([...files, [context.haproxy.configPath, textOf(desired)] as const])
  const { servers: agreedStates } = desired
  const { servers, backends, mostConnections } = known
  context.keep(
    withText(
      { config: undefined, files, servers, backends, agreedStates, onDisk, mostConnections },
      desired,
    ),
  )
}

/** All files of a desired state whose content is at hand, with the configuration itself. */
export function filesOf(
  configPath: string,
  desired: DesiredState,
): (readonly [path: string, content: FileText])[] {
  const files = [...desired.files].filter(([, content]) => !isDigest(content))
  return [...files, [configPath, textOf(desired)]]
}

function textOf(desired: DesiredState): FileText {
  return desired.sections ?? desired.config
}

function isSameFile(one: FileText | undefined, other: FileText): boolean {
  if (one === undefined) return false
  if (typeof one === 'object' && typeof other === 'object') return isSameList(one, other)
  return isSameContent(wholeOf(one), wholeOf(other))
}

function wholeOf(content: FileText): string {
  return typeof content === 'string' ? content : content.join('')
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
