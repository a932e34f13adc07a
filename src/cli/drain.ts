import type { Command } from 'commander'
import type { CliContext } from './context.ts'
import { addWordCommand } from './words.ts'

export function addDrain(program: Command, context: CliContext): void {
  addWordCommand(program, context, {
    name: 'drain',
    summary: 'send no new requests to an endpoint',
    description:
      'Send no new requests to an endpoint; those under way are served to their end. The word is ' +
      'kept across reloads and restarts until `fairlead ready` takes it back.',
    done: 'drain, until `fairlead ready` takes it back',
  })
}
