import { Option } from 'commander'
import type { Command } from 'commander'
import type { Definition } from '../settings/definition.ts'
import { configFlag, configVariable } from '../settings/given.ts'
import type { FlagValues } from '../settings/given.ts'
import { definitions, settingKeys, variableOf } from '../settings/schema.ts'
import type { CliContext } from './context.ts'

export const configHelp = `settings file; default: ./fairlead.yaml, else /etc/fairlead/fairlead.yaml (${configVariable})`

export function addUp(program: Command, context: CliContext): void {
  const command = program
    .command('up')
    .summary('run the load balancer')
    .description(
      'Run the load balancer: watch Docker, keep the registry, and run HAProxy. Every flag is ' +
        'also a variable (--gone-service: FAIRLEAD_GONE_SERVICE, lists separated by commas) and ' +
        'a line of the settings file (gone-service: 5m); a flag counts before a variable, a ' +
        'variable before the file. Ctrl-C ends fairlead and its HAProxy.',
    )
    .addOption(new Option('--config <FILE>', configHelp))
  for (const key of settingKeys) addSetting(command, definitions[key])
  command
    .addHelpText(
      'after',
      '\nExamples:\n  fairlead up\n  fairlead up --http *:80 --domain example.org\n' +
        '  fairlead up --docker ssh://root@host-a --docker ssh://root@host-b --name two-hosts',
    )
    .action(async () => {
      const flags = readFlags(command)
      const { loadSettings } = await import('../settings/load.ts')
      const settings = loadSettings({ ...context, flags })
      const code = await context.runDaemon(settings)
      if (code !== 0) throw new DaemonEnd(code)
    })
}

/** The daemon has ended, and said why itself; only the exit code is left to pass on. */
export class DaemonEnd extends Error {
  readonly exitCode: number

  constructor(exitCode: number) {
    super(`the daemon ended with ${exitCode}`)
    this.exitCode = exitCode
  }
}

export function addSetting(command: Command, definition: Definition<unknown>): void {
  const { name, kind, placeholder, group } = definition
  const flags = kind === 'switch' ? `--${name}` : `--${name} <${placeholder}>`
  const option = new Option(flags, optionHelp(definition)).helpGroup(`${group}:`)
  if (kind === 'list') {
    option.argParser((text: string, before: readonly string[] | undefined) => [
      ...(before ?? []),
      text,
    ])
  }
  command.addOption(option)
  if (kind !== 'switch') return
  const off = new Option(`--no-${name}`, `switch off what the file or ${variableOf(name)} says`)
  command.addOption(off.helpGroup(`${group}:`))
}

function optionHelp({ help, kind, shownDefault }: Definition<unknown>): string {
  const notes = [
    ...(kind === 'list' ? ['repeatable'] : []),
    ...(shownDefault === '' ? [] : [`default: ${shownDefault}`]),
  ]
  return notes.length === 0 ? help : `${help} (${notes.join('; ')})`
}

/** By setting name; only what stood on the command line. */
export function readFlags(command: Command): FlagValues {
  const flags: Record<string, FlagValues[string]> = {}
  for (const name of [configFlag, ...settingKeys.map((key) => definitions[key].name)]) {
    const attribute = name.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())
    if (command.getOptionValueSource(attribute) !== 'cli') continue
    flags[name] = command.getOptionValue(attribute) as FlagValues[string]
  }
  return flags
}
