import type { Command } from 'commander'
import { version } from '../version.ts'
import type { CliContext } from './context.ts'

export function addVersion(program: Command, context: CliContext): void {
  program
    .command('version')
    .summary('print the version of this program')
    .description('Print the version of this program; `fairlead status` has that of the daemon.')
    .addHelpText('after', '\nExample:\n  fairlead version')
    .action(() => context.out(`fairlead ${version}\n`))
}
