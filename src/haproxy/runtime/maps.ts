import { refusalOf } from './replies.ts'
import { escapeWord } from './words.ts'

export type MapEntry = { readonly key: string; readonly value: string }

export function showMapCommand(path: string): string {
  return `show map ${escapeWord(path)}`
}

/** Reads `show map <file>`: one `<address> <key> <value>` a line. Undefined when there is no such map. */
export function parseMap(reply: string): MapEntry[] | undefined {
  if (refusalOf(reply) !== undefined) return undefined
  const entries: MapEntry[] = []
  for (const line of reply.split('\n')) {
    const match = /^0x[0-9a-f]+ (\S+) ?(.*)$/.exec(line)
    if (match !== null) entries.push({ key: match[1] ?? '', value: match[2] ?? '' })
  }
  return entries
}

/** Reads `show map`, the list: the paths of all map files in use. */
export function parseMapPaths(reply: string): string[] {
  const paths: string[] = []
  for (const line of reply.split('\n')) {
    const match = /^-?\d+ \((.+?)\) pattern loaded from file '/.exec(line)
    if (match?.[1] !== undefined) paths.push(match[1])
  }
  return paths
}

/** The entries as HAProxy reads them from a map file (configuration.txt §7.3.1, `map`). */
export function parseMapFile(content: string): MapEntry[] {
  const entries: MapEntry[] = []
  for (const line of content.split('\n')) {
    // Elsewhere than at the start a # is a character like others.
    const match = /^(?!#)[ \t]*([^ \t\r]+)[ \t]*(.*?)[ \t\r]*$/.exec(line)
    if (match !== null) entries.push({ key: match[1] ?? '', value: match[2] ?? '' })
  }
  return entries
}

export function printMapFile(entries: readonly MapEntry[]): string {
  return entries.map(({ key, value }) => `${key} ${value}\n`).join('')
}
