import { Command } from 'commander'
import { version } from '../version.ts'
import { addApply } from './apply.ts'
import type { CliContext } from './context.ts'
import { addCheck } from './check.ts'
import { addConfirm } from './confirm.ts'
import { addDiff } from './diff.ts'
import { addDoctor } from './doctor.ts'
import { addDown } from './down.ts'
import { addDrain } from './drain.ts'
import { ExitWith } from './exit-with.ts'
import { addExplain } from './explain.ts'
import { reportFailure } from './failure.ts'
import { addHistory } from './history.ts'
import { addMaint } from './maint.ts'
import { addPlan } from './plan.ts'
import { addReady } from './ready.ts'
import { addRegistrator } from './registrator.ts'
import { addRender, withLongOptions } from './render-template.ts'
import { addRollback } from './rollback.ts'
import { addStatus } from './status.ts'
import { addTemplate } from './template.ts'
import { addUnpin } from './unpin.ts'
import { addUp, DaemonEnd } from './up.ts'
import { addVersion } from './version.ts'
import { addWeight } from './weight.ts'

/** Runs one command line (without node and script) and gives the exit code; throws nothing. */
export async function run(argv: readonly string[], context: CliContext): Promise<number> {
  try {
    await createProgram(context).parseAsync([...withLongOptions(argv)], { from: 'user' })
    return 0
  } catch (error) {
    if (error instanceof DaemonEnd || error instanceof ExitWith) return error.exitCode
    return reportFailure(error, context)
  }
}

/** The tree of commands. */
export function createProgram(context: CliContext): Command {
  const program = new Command('fairlead')
    .description(
      'An automatic load balancer for container clusters, with HAProxy as its data plane.',
    )
    .version(`fairlead ${version}`, '--version', 'print the version')
    .helpOption('--help', 'show help')
    .helpCommand('help [command]', 'show help of a command')
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.out(text),
      // Mistakes are said once, by reportFailure; only the help for a missing command is help.
      writeErr: (text) => (text.startsWith('error:') ? undefined : context.err(text)),
      getOutHelpWidth: () => Math.min(100, context.columns),
      getErrHelpWidth: () => Math.min(100, context.columns),
      getOutHasColors: () => context.hasColour,
      getErrHasColors: () => context.hasColour,
    })
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 failed, 2 wrong use, 3 no daemon answers, 10 changes pending.\n\n' +
        'Example:\n  fairlead up          in one shell, and in another:\n  fairlead status --watch',
    )
  program.commandsGroup('The load balancer:')
  addUp(program, context)
  addDown(program, context)
  program.commandsGroup('Looking at it:')
  addStatus(program, context)
  addExplain(program, context)
  addDoctor(program, context)
  addCheck(program, context)
  program.commandsGroup('What was done, and undoing it:')
  addHistory(program, context)
  addDiff(program, context)
  addRollback(program, context)
  addUnpin(program, context)
  program.commandsGroup("Operator's words about an endpoint:")
  addDrain(program, context)
  addMaint(program, context)
  addReady(program, context)
  addWeight(program, context)
  program.commandsGroup('What Consul says:')
  addConfirm(program, context)
  program.commandsGroup('Configurations that people wrote:')
  addPlan(program, context)
  addApply(program, context)
  addRender(program, context)
  program.commandsGroup('In place of another program:')
  addRegistrator(program, context)
  addTemplate(program, context)
  program.commandsGroup('This program:')
  addVersion(program, context)
  for (const command of program.commands) command.helpOption('--help', 'show help')
  return program
}
