import type { Command } from 'commander'
import type { CliContext } from './context.ts'
import { generationNumber } from './generation.ts'
import { orFromFolder } from './history.ts'
import { addDaemonOptions, locate } from './locate.ts'
import type { DaemonOptions } from './locate.ts'
import { renderDiff } from './render/history.ts'
import { painter } from './render/text.ts'

type DiffOptions = DaemonOptions & { readonly text?: true; readonly json?: true }

export function addDiff(program: Command, context: CliContext): void {
  const command = program
    .command('diff')
    .summary('show the difference between two generations')
    .description(
      'Show what differs between two generations, as the few things it means: servers, settings, ' +
        'host names. Without a daemon the state folder is read.',
    )
    .argument('<from>', 'number of a generation')
    .argument('[to]', 'number of another one; what is in force now without it')
    .option('--text', 'also the texts as a unified diff')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExamples:\n  fairlead diff 41 42\n  fairlead diff 41 --text')
    .action(async (fromText: string, toText: string | undefined, options: DiffOptions) => {
      const from = generationNumber(fromText)
      const to = toText === undefined ? undefined : generationNumber(toText)
      const isText = options.text === true
      const located = await locate(options, context)
      const report = await orFromFolder(
        () => located.client.diff(from, to, isText),
        located,
        async (folder) => {
          const { differenceKept } = await import('../ledger/kept-difference.ts')
          return differenceKept(folder, from, to, isText)
        },
      )
      const json = `${JSON.stringify(report, undefined, 2)}\n`
      context.out(options.json ? json : renderDiff(report, painter(context.hasColour)))
    })
  addDaemonOptions(command)
}
