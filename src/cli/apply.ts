import type { Command } from 'commander'
import {
  addConfigOptions,
  readConfigOptions,
  readTime,
  sayRejection,
} from './handwritten-options.ts'
import type { ConfigOptions } from './handwritten-options.ts'
import type { CliContext } from './context.ts'
import { renderPlan, renderResult } from './render/plan.ts'
import { painter } from './render/text.ts'

export function addApply(program: Command, context: CliContext): void {
  const command = program
    .command('apply')
    .summary(
      'bring a configuration file into a running HAProxy, without a reload where that can be',
    )
    .description(
      'Bring a HAProxy configuration into a running HAProxy: by runtime commands where they are ' +
        'enough, else by one hitless reload. The text is checked first, what HAProxy then has is read ' +
        'back and compared, and a new worker that does not live brings the previous files back.',
    )
  addConfigOptions(command)
    .optionsGroup('How:')
    .option('--watch <TIME>', 'how long a new worker must live and answer after a reload', '2s')
    .option('--linger <TIME>', 'longest wait for the last connections of removed servers', '2s')
    .addHelpText(
      'after',
      '\nExamples:\n  fairlead apply /etc/haproxy/haproxy.cfg\n' +
        '  fairlead apply new.cfg --config /etc/haproxy/haproxy.cfg --commands\n' +
        '  fairlead apply /etc/haproxy/conf.d --reload-command "systemctl reload haproxy"',
    )
    .action(async (path: string, options: ConfigOptions & { watch: string; linger: string }) => {
      const { applyHandwritten } = await import('../handwritten/handwritten.ts')
      const paint = painter(context.hasColour)
      const report = await applyHandwritten(
        {
          ...readConfigOptions(path, options, context),
          watchMs: readTime('--watch', options.watch),
          lingerMs: readTime('--linger', options.linger),
          now: () => context.now(),
        },
        (plan) => {
          if (!options.json) context.out(renderPlan(plan, { ...options, paint }))
        },
      ).catch((error: unknown) => {
        sayRejection(error, context)
        throw error
      })
      context.out(
        options.json
          ? `${JSON.stringify(report, undefined, 2)}\n`
          : renderResult(report, { ...options, paint }),
      )
    })
}
