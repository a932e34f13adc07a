import { aptInstall } from './apt.mjs'
import { canUseApt, installCommand } from './platform.mjs'
import { SetupError } from './progress.mjs'
import { findProgram } from './run.mjs'

/** Makes the haproxy program available; Debian's own haproxy service is never started. */
export const ensureHaproxy = () => ensureProgram('haproxy', 'haproxy')

/**
 * Makes sure that a program is there: by apt where that needs nobody's consent, else it throws
 * SetupError with the command that installs it.
 */
export async function ensureProgram(program, debianPackage) {
  if (findProgram(program) !== undefined) return
  if (!canUseApt()) {
    throw new SetupError(
      `${program} is not installed. Install it with:`,
      installCommand(debianPackage),
    )
  }
  await aptInstall([debianPackage])
  if (findProgram(program) === undefined) {
    throw new SetupError(`${debianPackage} was installed, but there is no program ${program}.`)
  }
}
