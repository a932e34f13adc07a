import type { Problem } from '../model/problem.ts'
import { nearest } from '../support/nearest.ts'
import { definitions, settingKeys, settingNames, variableOf } from './schema.ts'
import type { SettingKey } from './schema.ts'

/** The texts that one origin gave for a setting, before they are read. */
export type Given = {
  /** As in a message: `--http`, `FAIRLEAD_HTTP`, `fairlead.yaml:3:7 http`. */
  readonly where: string
  readonly texts: readonly string[]
  /** Where each text stands, for a list in the settings file. */
  readonly wheres?: readonly string[]
  /** Relative paths count from here. */
  readonly baseFolder: string
}

/** What one origin gave, by setting, and what is wrong with it before any value is read. */
export type Origin = {
  readonly given: ReadonlyMap<SettingKey, Given>
  readonly mistakes: readonly Problem[]
}

/** Values as the command line's parser leaves them, by setting name; `config` may be there too. */
export type FlagValues = Readonly<Record<string, string | boolean | readonly string[] | undefined>>

/** The settings file's path is no setting: it says where settings are. */
export const configFlag = 'config'
export const configVariable = variableOf(configFlag)

export function fromFlags(flags: FlagValues, baseFolder: string): Origin {
  const given = new Map<SettingKey, Given>()
  for (const key of settingKeys) {
    const { name } = definitions[key]
    const value = flags[name]
    if (value === undefined) continue
    const texts = typeof value === 'object' ? value : [String(value)]
    given.set(key, { where: value === false ? `--no-${name}` : `--${name}`, texts, baseFolder })
  }
  return { given, mistakes: [] }
}

/** An empty variable counts as not set. A list is separated by commas. */
export function fromEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
  baseFolder: string,
): Origin {
  const given = new Map<SettingKey, Given>()
  for (const key of settingKeys) {
    const { name, kind } = definitions[key]
    const where = variableOf(name)
    const text = environment[where] ?? ''
    if (text === '') continue
    const texts = kind === 'list' ? text.split(',').map((part) => part.trim()) : [text]
    given.set(key, { where, texts, baseFolder })
  }
  return { given, mistakes: mistypedVariables(environment) }
}

/** DOCKER_HOST stands in for `docker` where nothing else gives it. */
export function fromDockerHost(
  environment: Readonly<Record<string, string | undefined>>,
  baseFolder: string,
): Origin {
  const text = environment['DOCKER_HOST'] ?? ''
  const given = new Map<SettingKey, Given>()
  if (text !== '') given.set('docker', { where: 'DOCKER_HOST', texts: [text], baseFolder })
  return { given, mistakes: [] }
}

/**
 * Only what looks like a mistyped setting is a mistake: Kubernetes and others put variables such
 * as FAIRLEAD_SERVICE_HOST into a program's environment on their own account.
 */
function mistypedVariables(environment: Readonly<Record<string, string | undefined>>): Problem[] {
  const known = [configVariable, ...settingNames.map(variableOf)]
  const prefix = variableOf('')
  return Object.keys(environment).flatMap((where) => {
    if (!where.startsWith(prefix) || known.includes(where)) return []
    const suffixes = known.map((variable) => variable.slice(prefix.length))
    const meant = nearest(where.slice(prefix.length), suffixes)
    if (meant === undefined) return []
    return [{ where, what: 'no such setting', hint: `did you mean ${prefix}${meant}?` }]
  })
}
