import type { Command } from 'commander'
import { usageText } from '../registrator/flags.ts'
import { registratorName as name, runAsRegistrator } from './as-registrator.ts'
import type { CliContext } from './context.ts'
import { DaemonEnd } from './up.ts'

/** For the help; the command line itself is read before this. */
export function addRegistrator(program: Command, context: CliContext): void {
  program
    .command(name)
    .summary('register containers in Consul, in place of gliderlabs/registrator')
    .description(
      'Register the containers of a Docker daemon in Consul: what the program registrator does, ' +
        'with its flags, its log and its exit codes (docs/migrating.md). Needs no daemon of ' +
        'fairlead. A link to fairlead that is called registrator does the same.',
    )
    .usage('[flags] <registry URI>')
    .argument('[arguments...]')
    .allowUnknownOption()
    .addHelpText('after', () => `\nFlags:\n${flagsList()}`)
    .addHelpText(
      'after',
      '\nExamples:\n  fairlead registrator consul://localhost:8500\n' +
        '  fairlead registrator -ip 10.0.0.9 -resync 60 -cleanup consul://localhost:8500',
    )
    .action(async (args: readonly string[]) => {
      const code = await runAsRegistrator(args, context)
      if (code !== 0) throw new DaemonEnd(code)
    })
}

/** Without the lines above the flags. */
function flagsList(): string {
  return usageText(name).split('\n').slice(3).join('\n').replaceAll('\t', '').trimEnd()
}
