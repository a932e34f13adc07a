import type { Command } from 'commander'
import type { CliContext } from './context.ts'
import { addDaemonOptions, locate } from './locate.ts'
import type { DaemonOptions } from './locate.ts'

export function addUnpin(program: Command, context: CliContext): void {
  const command = program
    .command('unpin')
    .summary('go back to the newest structure and settings after a rollback')
    .description('Go back to the newest structure and settings after `fairlead rollback`.')
    .addHelpText('after', '\nExample:\n  fairlead unpin')
    .action(async (options: DaemonOptions) => {
      const { client } = await locate(options, context)
      const { generation } = await client.unpin()
      context.out(`no longer pinned to generation ${generation}\n`)
    })
  addDaemonOptions(command)
}
