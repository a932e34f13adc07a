import { parseInfo } from '../runtime/info.ts'
import { parseStatistics } from '../runtime/statistics.ts'
import { splitCommand } from '../runtime/words.ts'
import type { Expectation } from './expectation.ts'

/** The limits of frontends and of the process are those that the commands have set. */
export function settingExpectationOf(commands: readonly string[]): Expectation {
  const limits = new Map<string, string>()
  const fields = new Map<string, string>()
  for (const command of commands) {
    const [verb, noun = '', kind = '', name = '', value = ''] = splitCommand(command)
    if (verb !== 'set') continue
    if (noun === 'maxconn' && kind === 'frontend') limits.set(name, value)
    if (noun === 'maxconn' && kind === 'global') fields.set('Maxconn', name)
    const field = rateFields.get(kind)
    if (noun === 'rate-limit' && field !== undefined) fields.set(field, value)
  }
  const questions = [
    ...(fields.size === 0 ? [] : ['show info']),
    ...(limits.size === 0 ? [] : ['show stat -1 1 -1']),
  ]
  return {
    questions,
    check(replies) {
      return (
        compareFields(fields, replies[0] ?? '') ??
        compareLimits(limits, replies[questions.length - 1] ?? '')
      )
    },
    update() {
      // The text says them all.
    },
  }
}

/** What `set rate-limit` changes, by its name in `show info` (management.txt §9.3). */
const rateFields: ReadonlyMap<string, string> = new Map([
  ['connections', 'ConnRateLimit'],
  ['sessions', 'SessRateLimit'],
  ['ssl-sessions', 'SslRateLimit'],
])

function compareFields(want: ReadonlyMap<string, string>, reply: string): string | undefined {
  if (want.size === 0) return undefined
  const info = parseInfo(reply)
  for (const [field, value] of want) {
    const is = info?.fields.get(field)
    if (is !== value) return `${field} is ${is ?? 'not told'}, not ${value}`
  }
  return undefined
}

function compareLimits(want: ReadonlyMap<string, string>, reply: string): string | undefined {
  if (want.size === 0) return undefined
  const rows = parseStatistics(reply).filter(({ kind }) => kind === 'frontend')
  const limits = new Map(rows.map(({ proxy, columns }) => [proxy, columns.get('slim')]))
  for (const [frontend, value] of want) {
    const is = limits.get(frontend)
    if (is !== value) return `maxconn of ${frontend} is ${is ?? 'not told'}, not ${value}`
  }
  return undefined
}
