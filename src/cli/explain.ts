import type { Command } from 'commander'
import type { CliContext } from './context.ts'
import { addDaemonOptions, locate } from './locate.ts'
import type { DaemonOptions } from './locate.ts'
import { renderExplanation } from './render/explanation.ts'
import { painter } from './render/text.ts'

export function addExplain(program: Command, context: CliContext): void {
  const command = program
    .command('explain')
    .summary('say why something is routed, or why not')
    .description(
      'Say what was decided about a container, a service or a URL, in order, from "seen" to ' +
        '"server in backend", or where it stopped and what to do.',
    )
    .argument('<subject>', 'name or id of a container, name of a service, or a URL')
    .option('--json', 'the explanation as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  fairlead explain web-1\n  fairlead explain http://shop.localhost:8080/cart',
    )
    .action(async (subject: string, options: DaemonOptions & { json?: true }) => {
      const { client } = await locate(options, context)
      const explanation = await client.explain(subject)
      const text = options.json
        ? `${JSON.stringify(explanation, undefined, 2)}\n`
        : renderExplanation(explanation, painter(context.hasColour))
      context.out(text)
    })
  addDaemonOptions(command)
}
