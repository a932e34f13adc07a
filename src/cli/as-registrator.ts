import { hostname } from 'node:os'
import { basename } from 'node:path'
import type { CliContext } from './context.ts'

/** What Registrator's stand-in is called. */
export const registratorName = 'registrator'

/**
 * The arguments of Registrator's stand-in: of `fairlead registrator …`, or of a link to the program
 * that is called registrator. undefined: another command is meant.
 */
export function registratorArguments(argv: readonly string[]): readonly string[] | undefined {
  const [, script = '', command, ...rest] = argv
  if (basename(script) === registratorName) return argv.slice(2)
  return command === registratorName ? rest : undefined
}

/** Runs it until a signal ends it; its exit code. It reads its own flags, as Go programs do. */
export async function runAsRegistrator(
  args: readonly string[],
  context: Pick<CliContext, 'environment' | 'out' | 'err' | 'untilInterrupted'>,
): Promise<number> {
  const { runRegistrator } = await import('../registrator/run.ts')
  return runRegistrator({
    argv: args,
    program: registratorName,
    environment: context.environment,
    hostname: hostname(),
    out: (text) => context.out(text),
    err: (text) => context.err(text),
    signal: context.untilInterrupted(),
  })
}
