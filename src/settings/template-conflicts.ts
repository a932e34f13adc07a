import type { Problem } from '../model/problem.ts'
import type { SettingKey } from './schema.ts'
import type { Settings } from './settings.ts'

/** What built-in routing alone needs: with a template the template says it. */
const routingOnly = [
  'http',
  'route',
  'domain',
  'defaultService',
  'goneServiceMs',
  'trustedProxies',
  'services',
  'tags',
  'maxConnections',
  'connectTimeoutMs',
  'clientTimeoutMs',
  'serverTimeoutMs',
  'requestTimeoutMs',
  'keepAliveTimeoutMs',
  'tunnelTimeoutMs',
] as const satisfies readonly SettingKey[]

/** Settings that say nothing beside a template, or nothing without one; and templates in each other's way. */
export function templateConflicts(
  settings: Settings,
  whereOf: (key: SettingKey) => string,
  isGiven: (key: SettingKey) => boolean,
): readonly Problem[] {
  const { templates } = settings
  if (templates.length === 0) return delimitersAlone(whereOf, isGiven)
  const where = whereOf('templates')
  const problems: Problem[] = routingOnly.filter(isGiven).map((key) => ({
    where: whereOf(key),
    what: 'is for built-in routing, and --template replaces it',
    hint: 'leave it out, and write into the template what it says',
  }))
  const without = templates.filter(({ path }) => path === undefined)
  if (without.length > 1) {
    const names = without.map(({ source }) => source).join(' and ')
    const what = `one template can be the configuration, and ${names} both are given without a PATH`
    problems.push({ where, what, hint: 'give the others as SRC:PATH' })
  }
  const paths = templates.flatMap(({ path }) => (path === undefined ? [] : [path]))
  const twice = paths.find((path, index) => paths.indexOf(path) < index)
  if (twice !== undefined) {
    problems.push({ where, what: `two templates are rendered to ${twice}`, hint: '' })
  }
  return problems
}

function delimitersAlone(
  whereOf: (key: SettingKey) => string,
  isGiven: (key: SettingKey) => boolean,
): readonly Problem[] {
  return (['leftDelimiter', 'rightDelimiter'] as const).filter(isGiven).map((key) => ({
    where: whereOf(key),
    what: 'is for templates, and none is given',
    hint: 'add --template SRC',
  }))
}
