import type { Command } from 'commander'
import type { StatusReport } from '../api/contract.ts'
import type { DaemonClient } from './client.ts'
import type { CliContext } from './context.ts'
import { ExitWith } from './exit-with.ts'
import { addDaemonOptions, locate, UsageError } from './locate.ts'
import type { DaemonOptions } from './locate.ts'
import { renderCluster } from './render/cluster.ts'
import { renderStatus } from './render/status.ts'
import { painter } from './render/text.ts'
import { watchStatus } from './watch.ts'

type StatusOptions = DaemonOptions & {
  readonly json?: true
  readonly watch?: true
  readonly cluster?: true
}

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
    .option(
      '--cluster',
      'show all load balancers of the same Consul, and whether they serve the same; exit code 1 when not',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  fairlead status\n  fairlead status --watch --name blue\n  fairlead status --cluster',
    )
    .action(async (options: StatusOptions) => {
      const { client } = await locate(options, context)
      if (options.cluster) return showCluster(client, options, context)
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

/** A single load balancer is always like itself. */
async function showCluster(
  client: DaemonClient,
  options: StatusOptions,
  context: CliContext,
): Promise<void> {
  if (options.watch) {
    throw new UsageError('--cluster cannot be watched', 'run it again, or use `watch`')
  }
  const report = await client.cluster()
  const view = {
    paint: painter(context.hasColour),
    columns: context.columns,
    nowMs: context.now(),
  }
  context.out(
    options.json ? `${JSON.stringify(report, undefined, 2)}\n` : renderCluster(report, view),
  )
  if (report.kind === 'consul' && !report.isSame) throw new ExitWith(1)
}
