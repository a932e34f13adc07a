import { realpathSync } from 'node:fs'
import { relative, resolve, sep } from 'node:path'
import { callFailure } from '../go/failure.ts'

/** A path without symbolic links; throws if there is nothing. */
function realPath(path: string, shown: string): string {
  try {
    return realpathSync(path)
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    const reason = isMissing ? 'no such file or directory' : String(error)
    throw callFailure(`lstat ${shown}: ${reason}`, error)
  }
}

/**
 * Throws unless a file lies in the sandbox, wherever symbolic links lead; then it must be there.
 * Relative paths start in the working folder. Undefined: there is no sandbox.
 */
export function checkSandbox(
  path: string,
  sandboxPath: string | undefined,
  workingFolder: string,
): void {
  if (sandboxPath === undefined) return
  const sandbox = realPath(resolve(workingFolder, sandboxPath), sandboxPath)
  const inside = relative(sandbox, realPath(resolve(workingFolder, path), path))
  if (inside === '..' || inside.startsWith(`..${sep}`)) {
    throw callFailure(`'${path}' is outside of sandbox`)
  }
}
