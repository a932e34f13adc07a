import type { PlacedSection } from './layout.ts'
import { settingsNamed } from './settings.ts'
import type { Setting } from './settings.ts'

/** The `default-server` lines that count for the servers of one section. */
export type DefaultServers = {
  /** From its `defaults`, for all servers. */
  readonly inherited: readonly (readonly string[])[]
  /** Its own, each for the servers after it. */
  readonly own: readonly Setting[]
}

/** Words without the keyword; configuration.txt §4.2, `default-server`. */
export function defaultServersOf(section: PlacedSection): DefaultServers {
  const parent = section.defaults === undefined ? undefined : defaultServersOf(section.defaults)
  return {
    inherited: parent === undefined ? [] : defaultServersAt(parent, Number.POSITIVE_INFINITY),
    own: settingsNamed(section, 'default-server'),
  }
}

/** Those that count for a server on line `number`, in order. */
export function defaultServersAt(
  { inherited, own }: DefaultServers,
  number: number,
): (readonly string[])[] {
  const before = own.filter((setting) => setting.number < number)
  return [...inherited, ...before.map(({ words }) => words)]
}

/** The words after the last line that starts with `keyword`, the section's own or inherited. */
export function lastSetting(
  section: PlacedSection,
  keyword: string,
): readonly string[] | undefined {
  const own = settingsNamed(section, keyword).at(-1)
  if (own !== undefined || section.defaults === undefined) return own?.words
  return lastSetting(section.defaults, keyword)
}

/** The key of the section's dynamic cookies (configuration.txt §4.2); undefined: it has none. */
export function dynamicCookieKey(section: PlacedSection): string | undefined {
  if (lastSetting(section, 'cookie')?.includes('dynamic') !== true) return undefined
  return lastSetting(section, 'dynamic-cookie-key')?.[0]
}

/**
 * Whether a server is one that a `server-template PREFIX COUNT` or `PREFIX FIRST-LAST` of the section
 * makes (configuration.txt §4.2). Its address is HAProxy's affair, or its resolvers'.
 */
export function isFromTemplate(section: PlacedSection, server: string): boolean {
  return settingsNamed(section, 'server-template').some(({ words: [prefix = '', range = ''] }) => {
    if (!server.startsWith(prefix) || !/^[1-9]\d*$|^0$/.test(server.slice(prefix.length)))
      return false
    const number = Number(server.slice(prefix.length))
    const [, first, last] = /^(\d+)(?:-(\d+))?$/.exec(range) ?? []
    // A range from HAProxy's environment is not known here.
    if (first === undefined) return true
    if (last === undefined) return number >= 1 && number <= Number(first)
    return number >= Number(first) && number <= Number(last)
  })
}

/**
 * Why servers cannot be added to this backend while HAProxy runs, nor weighed anew; undefined when
 * they can. Needs a dynamic algorithm (configuration.txt §4.2, `balance`; management.txt §9.3).
 */
export function staticBalance(section: PlacedSection): string | undefined {
  const algorithm = lastSetting(section, 'balance')?.[0] ?? 'roundrobin'
  if (/^(?:roundrobin|leastconn|first|random(?:\(.*\))?)$/.test(algorithm)) return undefined
  const isConsistent = lastSetting(section, 'hash-type')?.[0] === 'consistent'
  if (algorithm !== 'static-rr' && isConsistent) return undefined
  return `balance ${algorithm} keeps its servers in a fixed table`
}
