import type { Command } from 'commander'
import { usageText } from '../template/config/usage.ts'
import { runAsConsulTemplate, templateCommand } from './as-consul-template.ts'
import type { CliContext } from './context.ts'
import { DaemonEnd } from './up.ts'

/** For the help; the command line itself is read before this. */
export function addTemplate(program: Command, context: CliContext): void {
  program
    .command(templateCommand)
    .summary('render files from Consul, in place of hashicorp/consul-template')
    .description(
      'Render templates with what Consul knows, and run commands when files change: what the ' +
        'program consul-template does, with its flags, its configuration files, its log and its ' +
        'exit codes. Needs no daemon of fairlead. A link to fairlead that is called ' +
        'consul-template does the same.',
    )
    .usage('[flags]')
    .argument('[arguments...]')
    .allowUnknownOption()
    .addHelpText('after', () => `\n${usageText()}`)
    .addHelpText(
      'after',
      '\nExamples:\n  fairlead template -once -template "haproxy.ctmpl:haproxy.cfg"\n' +
        '  fairlead template -config /etc/consul-template.d -exec "haproxy -W -f haproxy.cfg"',
    )
    .action(async (args: readonly string[]) => {
      const code = await runAsConsulTemplate(args, context)
      if (code !== 0) throw new DaemonEnd(code)
    })
}
