import type { Command } from 'commander'
import { addConfigOptions, readConfigOptions, sayRejection } from './handwritten-options.ts'
import type { ConfigOptions } from './handwritten-options.ts'
import type { CliContext } from './context.ts'
import { ExitWith } from './exit-with.ts'
import { renderPlan } from './render/plan.ts'
import { painter } from './render/text.ts'

const changesPending = 10

export function addPlan(program: Command, context: CliContext): void {
  const command = program
    .command('plan')
    .summary('show what a configuration file would change in a running HAProxy')
    .description(
      'Show what a HAProxy configuration would change in a running HAProxy, and how each change ' +
        'would be made: by a runtime command, or by a reload and why. Nothing is changed. Works on ' +
        'any HAProxy from 2.6 that has a control socket, with nothing else of fairlead in use.',
    )
  addConfigOptions(command)
    .optionsGroup('Output:')
    .option('--detailed-exitcode', 'exit with 10 when there is something to change, 0 when not')
    .addHelpText(
      'after',
      '\nExamples:\n  fairlead plan /etc/haproxy/haproxy.cfg\n' +
        '  fairlead plan new.cfg --socket /run/haproxy-master.sock --commands',
    )
    .action(async (path: string, options: ConfigOptions & { detailedExitcode?: true }) => {
      const { planHandwritten } = await import('../handwritten/handwritten.ts')
      const report = await planHandwritten(readConfigOptions(path, options, context)).catch(
        (error: unknown) => {
          sayRejection(error, context)
          throw error
        },
      )
      const paint = painter(context.hasColour)
      const text = options.json
        ? `${JSON.stringify(report, undefined, 2)}\n`
        : renderPlan(report, { ...options, paint })
      context.out(text)
      if (options.detailedExitcode && report.how !== 'none') throw new ExitWith(changesPending)
    })
}
