import type { Command } from 'commander'
import type { StatusReport } from '../api/contract.ts'
import type { CliContext } from './context.ts'
import { addDaemonOptions, locate } from './locate.ts'
import type { DaemonOptions } from './locate.ts'
import { renderStatus } from './render/status.ts'
import { painter } from './render/text.ts'
import { watchStatus } from './watch.ts'

type StatusOptions = DaemonOptions & { readonly json?: true; readonly watch?: true }

export function addStatus(program: Command, context: CliContext): void {
  const command = program
    .command('status')
    .summary('show services, endpoints and what is left out')
    .description(
      'Show services and their endpoints with health, state and requests, everything that is left ' +
        "out and why, problems, and operators' words.",
    )
    .option('--json', 'the report as JSON; with --watch one line each time')
    .option('--watch', 'show it again at every change and every second, until Ctrl-C')
    .addHelpText('after', '\nExamples:\n  fairlead status\n  fairlead status --watch --name blue')
    .action(async (options: StatusOptions) => {
      const { client } = await locate(options, context)
      const render = (report: StatusReport): string => {
        if (options.json) return `${JSON.stringify(report, undefined, options.watch ? 0 : 2)}\n`
        const { columns } = context
        const paint = painter(context.hasColour)
        return renderStatus(report, { paint, columns, nowMs: context.now() })
      }
      if (options.watch) await watchStatus(client, render, options.json ?? false, context)
      else context.out(render(await client.status()))
    })
  addDaemonOptions(command)
}
