import type { Problem } from '../../model/problem.ts'
import { isReadBack } from '../diff/plan.ts'
import type { Change } from '../diff/plan.ts'
import type { HaproxyRunner } from '../process/runner.ts'
import { onlyUnwritable, problemOf } from './files.ts'

/**
 * Before commands whose effect cannot be read back: keeps on disk that it is not known which text
 * HAProxy runs, until the files say it. Whoever comes after a fairlead that was killed in between
 * reloads once, in place of taking the old text for what runs. Costs nothing for other changes.
 */
export async function announce(haproxy: HaproxyRunner, changes: readonly Change[]): Promise<void> {
  if (!haproxy.isTextKnown || changes.every(({ kind }) => isReadBack[kind])) return
  // On a full disk the change is made nevertheless; that the files could not be written is told then.
  await haproxy.forgetText().catch(onlyUnwritable)
}

/** Takes it back: the files are in place, and HAProxy has what they say. */
export async function settle(
  haproxy: HaproxyRunner,
  problems: readonly Problem[],
): Promise<readonly Problem[]> {
  if (haproxy.isTextKnown || problems.length > 0) return problems
  try {
    await haproxy.confirmText()
    return problems
  } catch (error) {
    return [problemOf(error)]
  }
}
