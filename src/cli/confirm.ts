import type { Command } from 'commander'
import { printable } from '../support/printable.ts'
import type { CliContext } from './context.ts'
import { addDaemonOptions, locate } from './locate.ts'
import type { DaemonOptions } from './locate.ts'

export function addConfirm(program: Command, context: CliContext): void {
  const command = program
    .command('confirm')
    .summary('let endpoints go that Consul suddenly lost')
    .description(
      'Let endpoints go that Consul suddenly lost. When more than half of the endpoints of a ' +
        'service, and at least three, vanish from Consul at once, they are held: they get requests ' +
        'for as long as HAProxy finds them up, until a later read of Consul confirms that they are ' +
        'gone, or this command does.',
    )
    .argument('[service]', 'service whose endpoints may go; all services without it')
    .addHelpText('after', '\nExamples:\n  fairlead confirm\n  fairlead confirm shop')
    .action(async (service: string | undefined, options: DaemonOptions) => {
      const { client } = await locate(options, context)
      for (const id of await client.confirm(service)) context.out(`${printable(id)}: gone\n`)
    })
  addDaemonOptions(command)
}
