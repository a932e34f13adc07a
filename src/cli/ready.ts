import type { Command } from 'commander'
import type { CliContext } from './context.ts'
import { addWordCommand } from './words.ts'

export function addReady(program: Command, context: CliContext): void {
  addWordCommand(program, context, {
    name: 'ready',
    summary: 'take back drain or maint',
    description:
      'Take back `fairlead drain` and `fairlead maint`: the endpoint gets requests again as soon ' +
      'as its health allows. A weight that was set stays.',
    done: 'drain and maint are taken back',
  })
}
