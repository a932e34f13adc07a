import type { Command } from 'commander'
import type { CliContext } from './context.ts'
import { generationNumber } from './generation.ts'
import { addDaemonOptions, locate } from './locate.ts'
import type { DaemonOptions } from './locate.ts'

export function addRollback(program: Command, context: CliContext): void {
  const command = program
    .command('rollback')
    .summary('bring structure and settings of a generation back, and keep them')
    .description(
      'Bring structure and settings of an earlier generation back, and keep them until `fairlead ' +
        'unpin`. Servers go on following what runs: none gets a request that has gone, or whose ' +
        'address belongs to another container by now. A service that came later gets none.',
    )
    .argument('<generation>', 'number of the generation, from `fairlead history`')
    .addHelpText('after', '\nExample:\n  fairlead rollback 41')
    .action(async (text: string, options: DaemonOptions) => {
      const number = generationNumber(text)
      const { client } = await locate(options, context)
      const { generation } = await client.rollback(number)
      context.out(
        `pinned to generation ${generation}; \`fairlead unpin\` goes back to the newest\n`,
      )
    })
  addDaemonOptions(command)
}
