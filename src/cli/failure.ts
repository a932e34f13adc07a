import { CommanderError } from 'commander'
import { errorCodes, FairleadError, messageOf } from '../model/errors.ts'
import type { Problem } from '../model/problem.ts'
import { printable } from '../support/printable.ts'
import type { CliContext } from './context.ts'

/** Says what went wrong, a line each and ` hint:` below, and gives the exit code. */
export function reportFailure(error: unknown, context: CliContext): number {
  if (error instanceof CommanderError) return reportUsage(error, context)
  if (!(error instanceof FairleadError)) {
    const stack = error instanceof Error ? (error.stack ?? error.message) : messageOf(error)
    context.err(`fairlead: this is a defect in fairlead: ${stack}\n`)
    return errorCodes.internal.exit
  }
  for (const { what, hint } of problemsOf(error)) say(context, what, hint)
  return errorCodes[error.code].exit
}

function say(context: CliContext, message: string, hint: string): void {
  context.err(`fairlead: ${printable(message)}\n`)
  if (hint !== '') context.err(` hint: ${printable(hint)}\n`)
}

/** Settings have many mistakes at once, each with a line of its own. */
function problemsOf(error: FairleadError): readonly Pick<Problem, 'what' | 'hint'>[] {
  if ('mistakes' in error && Array.isArray(error.mistakes)) {
    const mistakes = error.mistakes as readonly Problem[]
    return mistakes.map(({ where, what, hint }) => ({ what: `${where}: ${what}`, hint }))
  }
  return [{ what: error.message, hint: error.hint }]
}

/** Commander writes `error: unknown option '--htpp'` and `(Did you mean --http?)` below. */
function reportUsage(error: CommanderError, context: CliContext): number {
  if (error.exitCode === 0) return 0
  if (error.code === 'commander.help') return errorCodes.usage.exit
  const [first = '', second = ''] = error.message.replace(/^error: /, '').split('\n')
  const meant = /^\(Did you mean (.*)\?\)$/.exec(second)?.[1]
  say(context, first, meant === undefined ? 'see fairlead --help' : `did you mean ${meant}?`)
  return errorCodes.usage.exit
}
