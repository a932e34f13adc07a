import type { Command } from 'commander'
import type { CliContext } from './context.ts'
import { addWordCommand } from './words.ts'

export function addMaint(program: Command, context: CliContext): void {
  addWordCommand(program, context, {
    name: 'maint',
    summary: 'put an endpoint into maintenance',
    description:
      'Put an endpoint into maintenance: no requests and no checks. The word is kept across ' +
      'reloads and restarts until `fairlead ready` takes it back.',
    done: 'maint, until `fairlead ready` takes it back',
  })
}
