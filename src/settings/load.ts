import { resolve } from 'node:path'
import * as v from 'valibot'
import type { Problem } from '../model/problem.ts'
import { findConflicts } from './conflicts.ts'
import type { DefaultContext, Definition } from './definition.ts'
import { withCertificates } from './docker-hosts.ts'
import { SettingsError } from './errors.ts'
import { fromFile } from './file.ts'
import { configFlag, configVariable, fromDockerHost, fromEnvironment, fromFlags } from './given.ts'
import type { FlagValues, Given, Origin } from './given.ts'
import { definitions, settingKeys } from './schema.ts'
import type { SettingKey } from './schema.ts'
import type { Settings, TemplateSetting } from './settings.ts'
import { defaultName } from './state-folder.ts'
import type { Surroundings } from './state-folder.ts'
import { templatesIn } from './template.ts'

export type SettingsInput = Surroundings & {
  /** By setting name, and `config`. */
  readonly flags: FlagValues
  readonly cwd: string
  /** Folder of the machine's own settings file; `/etc/fairlead`. */
  readonly systemFolder?: string
}

/** Values that were given, read. What a definition's parser gives is what Settings has under its key. */
type Values = Map<SettingKey, unknown>

/**
 * All settings, from flags before environment before settings file before default. Throws
 * SettingsError with every mistake there is: also one in a value that another origin overrides,
 * since it would come to light at the worst time.
 */
export function loadSettings(input: SettingsInput): Settings {
  const origins = readOrigins(input)
  const mistakes = origins.flatMap((origin) => origin.mistakes)
  const values: Values = new Map()
  for (const key of settingKeys) {
    // From the weakest origin to the strongest, so that the last one stays.
    for (const origin of origins.toReversed()) take(key, origin.given.get(key), values, mistakes)
  }
  const name = values.get('name')
  const context = { ...input, name: typeof name === 'string' ? name : defaultName }
  const settings = complete(values, context)
  const isGiven = (key: SettingKey): boolean => values.has(key)
  mistakes.push(...findConflicts(settings, (key) => whereOf(key, origins), isGiven))
  if (mistakes.length > 0) throw new SettingsError(mistakes)
  return settings
}

function readOrigins(input: SettingsInput): readonly Origin[] {
  const { flags, environment, cwd, systemFolder } = input
  const fromFlag = flags[configFlag]
  const fromVariable = environment[configVariable] || undefined
  const named =
    typeof fromFlag === 'string'
      ? { path: fromFlag, where: `--${configFlag}` }
      : fromVariable === undefined
        ? undefined
        : { path: fromVariable, where: configVariable }
  return [
    fromFlags(flags, cwd),
    fromEnvironment(environment, cwd),
    fromFile(named, cwd, systemFolder),
    fromDockerHost(environment, cwd),
  ]
}

function take(
  key: SettingKey,
  given: Given | undefined,
  values: Values,
  mistakes: Problem[],
): void {
  if (given === undefined) return
  const definition: Definition<unknown> = definitions[key]
  const input = definition.kind === 'list' ? given.texts : given.texts[0]
  const result = v.safeParse(definition.parser, input)
  if (result.success) {
    values.set(key, inFolder(key, result.output, given.baseFolder))
    return
  }
  for (const issue of result.issues) {
    const index = issue.path?.[0]?.key
    const place = typeof index === 'number' ? given.wheres?.[index] : undefined
    mistakes.push({ where: place ?? given.where, what: issue.message, hint: '' })
  }
}

/** The value with relative paths in it counted from a folder. */
function inFolder(key: SettingKey, value: unknown, folder: string): unknown {
  if (key === 'templates') return templatesIn(value as readonly TemplateSetting[], folder)
  return isPathValue(definitions[key], value) ? resolve(folder, value) : value
}

/** A program's name without a slash is looked for on PATH, so it stays as it is. */
function isPathValue(definition: Definition<unknown>, value: unknown): value is string {
  if (typeof value !== 'string') return false
  return definition.isPath || (definition.name === definitions.haproxy.name && value.includes('/'))
}

function complete(values: Values, context: DefaultContext): Settings {
  const entries = settingKeys.map((key) => {
    return [key, values.has(key) ? values.get(key) : definitions[key].fallback(context)] as const
  })
  const settings = Object.fromEntries(entries) as Settings
  return {
    ...settings,
    http: settings.templates.length === 0 ? settings.http : [],
    docker: withCertificates(settings.docker, context),
  }
}

/** Where the value in force was given; a default is named by its flag. */
function whereOf(key: SettingKey, origins: readonly Origin[]): string {
  const given = origins.map((origin) => origin.given.get(key)).find((each) => each !== undefined)
  return given?.where ?? `--${definitions[key].name}`
}
