import { Option } from 'commander'
import type { Command } from 'commander'
import type { CheckSettings } from '../compose/assess.ts'
import { definitions } from '../settings/schema.ts'
import type { SettingKey } from '../settings/schema.ts'
import type { Settings } from '../settings/settings.ts'
import type { CliContext } from './context.ts'
import { painter } from './render/text.ts'
import { addSetting, configHelp, DaemonEnd, readFlags } from './up.ts'

type CheckOptions = {
  readonly profile?: readonly string[]
  readonly projectName?: string
  readonly envFile?: string
  readonly strict?: true
  readonly json?: true
  readonly schema?: true
}

/** Settings of `fairlead up` that decide about routes, or about ports of the host. */
const settingKeys: readonly SettingKey[] = [
  'docker',
  'network',
  'usePublished',
  'publishedAddress',
  'http',
  'route',
  'domain',
  'defaultService',
  'admin',
]

export function addCheck(program: Command, context: CliContext): void {
  const command = program
    .command('check')
    .summary('check the labels of Compose files, without a daemon')
    .description(
      'Say which routes the containers of Compose files would get, and what is wrong with their ' +
        'labels, ports and networks, without starting anything. Settings come from flags, ' +
        'variables and the settings file, as for `fairlead up`. Ends with 1 when there are errors.',
    )
    .argument(
      '[files...]',
      'Compose files, later ones laid over earlier ones, - for standard input; else those that the docker command finds',
    )
    .option('--profile <NAME>', 'profile that is active; * is all (repeatable)', collect)
    .option('--project-name <NAME>', "Compose's project (default: as the docker command finds it)")
    .option('--env-file <FILE>', 'file with variables, in place of .env beside the first file')
    .option('--strict', 'warnings end with 1, too')
    .option('--json', 'the report as JSON')
    .option('--schema', 'print the JSON Schema of the labels, for editors, and nothing else')
    .addOption(new Option('--config <FILE>', configHelp))
  for (const key of settingKeys) addSetting(command, definitions[key])
  command
    .addHelpText(
      'after',
      '\nExamples:\n  fairlead check\n  fairlead check --strict --domain example.org compose.yaml compose.prod.yaml\n' +
        '  fairlead check --schema > fairlead-labels.schema.json',
    )
    .action(async (files: readonly string[], options: CheckOptions) => {
      const code = await check(files, options, command, context)
      if (code !== 0) throw new DaemonEnd(code)
    })
}

function collect(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), text]
}

/** The exit code. */
async function check(
  files: readonly string[],
  options: CheckOptions,
  command: Command,
  context: CliContext,
): Promise<number> {
  if (options.schema === true) {
    const { labelSchema } = await import('../routing/label-schema.ts')
    context.out(`${JSON.stringify(labelSchema(), undefined, 2)}\n`)
    return 0
  }
  const settings = await checkSettings(command, context)
  const [{ readComposeFiles }, { checkCompose }, { renderCheck }] = await Promise.all([
    import('./check-files.ts'),
    import('../compose/check.ts'),
    import('./render/check.ts'),
  ])
  const { profile: profiles = [], projectName, envFile } = options
  const input = readComposeFiles({ files, profiles, projectName, envFile }, context)
  const report = checkCompose(input, settings)
  const { columns, hasColour } = context
  context.out(
    options.json === true
      ? `${JSON.stringify(report, undefined, 2)}\n`
      : renderCheck(report, { paint: painter(hasColour), columns }),
  )
  return report.errors > 0 || (options.strict === true && report.warnings > 0) ? 1 : 0
}

async function checkSettings(command: Command, context: CliContext): Promise<CheckSettings> {
  const [{ loadSettings }, { pathsOf, routingSettings }] = await Promise.all([
    import('../settings/load.ts'),
    import('../daemon-settings.ts'),
  ])
  // Where the checking machine finds its Docker says nothing about where the containers will run.
  const { DOCKER_HOST: _, ...environment } = context.environment
  const flags = readFlags(command)
  // Nor does its user's home: a state folder there may be too long to serve.
  const settings: Settings = loadSettings({ ...context, environment, isRoot: true, flags })
  const [daemon] = settings.docker
  return {
    routing: routingSettings(settings, pathsOf(settings.stateFolder), false, ''),
    network: settings.network,
    usePublished: settings.usePublished,
    publishedAddress: settings.publishedAddress,
    isLocalDaemon: daemon === undefined || daemon.url.startsWith('unix:'),
    admin: settings.admin,
  }
}
