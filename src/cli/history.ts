import type { Command } from 'commander'
import type { ChangeReport, GenerationReport } from '../api/contract.ts'
import { ClientError } from './client.ts'
import type { CliContext } from './context.ts'
import { generationNumber } from './generation.ts'
import { addDaemonOptions, locate, UsageError } from './locate.ts'
import type { DaemonOptions, Located } from './locate.ts'
import { renderGeneration, renderHistory } from './render/history.ts'
import { painter } from './render/text.ts'

type HistoryOptions = DaemonOptions & { readonly number: string; readonly json?: true }

export function addHistory(program: Command, context: CliContext): void {
  const command = program
    .command('history')
    .summary('show what was changed, when and why')
    .description(
      'Show the generations: each change to HAProxy with its number, time, cause and duration, also ' +
        'those that failed; or everything about one of them. Without a daemon the state folder is ' +
        'read.',
    )
    .argument('[generation]', 'number of the one to show')
    .option('-n, --number <COUNT>', 'how many, the newest last', '20')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExamples:\n  fairlead history -n 50\n  fairlead history 42')
    .action(async (generation: string | undefined, options: HistoryOptions) => {
      const located = await locate(options, context)
      const { columns } = context
      const view = { paint: painter(context.hasColour), columns, nowMs: context.now() }
      const show = <T>(report: T, render: (shown: T, given: typeof view) => string): void =>
        context.out(
          options.json ? `${JSON.stringify(report, undefined, 2)}\n` : render(report, view),
        )
      if (generation === undefined) {
        show(await historyOf(located, mostOf(options.number)), renderHistory)
      } else show(await generationOf(located, generationNumber(generation)), renderGeneration)
    })
  addDaemonOptions(command)
}

function mostOf(text: string): number {
  if (/^[1-9]\d{0,4}$/.test(text)) return Number(text)
  throw new UsageError(`--number ${text} is not a number from 1 to 99999`)
}

async function historyOf(located: Located, most: number): Promise<readonly ChangeReport[]> {
  return orFromFolder(
    () => located.client.history(most),
    located,
    async (folder) => {
      const { keptHistory } = await import('../ledger/kept-history.ts')
      return keptHistory(folder, most)
    },
  )
}

async function generationOf(located: Located, number: number): Promise<GenerationReport> {
  return orFromFolder(
    () => located.client.generation(number),
    located,
    async (folder) => {
      const { requireGeneration } = await import('../ledger/kept-history.ts')
      return (await requireGeneration(folder, number)).report
    },
  )
}

/** Asks the daemon; where none answers and its state folder is known, reads the history there. */
export async function orFromFolder<T>(
  ask: () => Promise<T>,
  { stateFolder }: Located,
  read: (historyFolder: string) => Promise<T>,
): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    const isDown = error instanceof ClientError && error.code === 'daemon_unreachable'
    if (!isDown || stateFolder === undefined) throw error
    const { historyFolder } = await import('../settings/state-folder.ts')
    const folder = historyFolder(stateFolder)
    const { listSegments } = await import('../ledger/kept-history.ts')
    if ((await listSegments(folder)).length === 0) throw error
    return read(folder)
  }
}
