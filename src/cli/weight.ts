import type { Command } from 'commander'
import { printable } from '../support/printable.ts'
import type { CliContext } from './context.ts'
import { addDaemonOptions, UsageError } from './locate.ts'
import type { DaemonOptions } from './locate.ts'
import { endpointHelp, say } from './words.ts'

export function addWeight(program: Command, context: CliContext): void {
  const command = program
    .command('weight')
    .summary('give an endpoint another share of the requests')
    .description(
      'Give an endpoint another share of the requests. The weight is kept across reloads and ' +
        'restarts until `auto` takes it back; then the label counts again.',
    )
    .argument('<endpoint>', endpointHelp)
    .argument('<weight>', '0 to 256 (0: no new requests, but sessions that stick), or auto')
    .addHelpText('after', '\nExamples:\n  fairlead weight web-1 50\n  fairlead weight web-1 auto')
    .action(async (endpoint: string, text: string, options: DaemonOptions) => {
      const weight = readWeight(text)
      const id = await say(endpoint, { weight }, options, context)
      const done = weight === null ? 'the weight is as labelled again' : `weight ${weight}`
      context.out(`${printable(id)}: ${done}\n`)
    })
  addDaemonOptions(command)
}

function readWeight(text: string): number | null {
  if (text === 'auto') return null
  const weight = /^\d{1,3}$/.test(text) ? Number(text) : Number.NaN
  if (weight >= 0 && weight <= 256) return weight
  throw new UsageError(`${text} is not a weight`, 'write a number from 0 to 256, or auto')
}
