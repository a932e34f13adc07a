import type { Command } from 'commander'
import { printable } from '../support/printable.ts'
import type { Word } from './client.ts'
import type { CliContext } from './context.ts'
import { chooseEndpoint } from './endpoint-choice.ts'
import { addDaemonOptions, locate } from './locate.ts'
import type { DaemonOptions } from './locate.ts'

export const endpointHelp = 'id of an endpoint, or the name or a part of it that only one has'

/** A command that says one operator's word about one endpoint. */
export function addWordCommand(
  program: Command,
  context: CliContext,
  given: {
    readonly name: 'drain' | 'maint' | 'ready'
    readonly summary: string
    readonly description: string
    readonly done: string
  },
): void {
  const command = program
    .command(given.name)
    .summary(given.summary)
    .description(given.description)
    .argument('<endpoint>', endpointHelp)
    .addHelpText('after', `\nExample:\n  fairlead ${given.name} web-1`)
    .action(async (endpoint: string, options: DaemonOptions) => {
      const id = await say(endpoint, { state: given.name }, options, context)
      context.out(`${printable(id)}: ${given.done}\n`)
    })
  addDaemonOptions(command)
}

/** Sends the word; gives the id of the endpoint that was meant. */
export async function say(
  endpoint: string,
  word: Word,
  options: DaemonOptions,
  context: CliContext,
): Promise<string> {
  const { client } = await locate(options, context)
  const id = chooseEndpoint(endpoint, await client.status())
  await client.setWord(id, word)
  return id
}
