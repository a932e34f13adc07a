import { firstWord, linesOf } from '../config/sections.ts'
import type { SectionText, TextLine } from '../config/sections.ts'
import { splitWords } from '../config/split-words.ts'
import { middlesOf } from './common-ends.ts'
import { settingsNamed } from './settings.ts'
import type { Setting } from './settings.ts'

/** How two versions of one section differ. */
export type LineDifference = {
  readonly settings: {
    readonly removed: readonly Setting[]
    readonly added: readonly Setting[]
    /** First line of settings that are in both but stand in another order. */
    readonly reorderedAt: number | undefined
  }
  /** Server lines that the other version does not have letter for letter; all when `default-server` lines moved. */
  readonly servers: { readonly before: readonly TextLine[]; readonly after: readonly TextLine[] }
}

/** Between two texts that are the same. */
export const noDifference: LineDifference = {
  settings: { removed: [], added: [], reorderedAt: undefined },
  servers: { before: [], after: [] },
}

/**
 * Compares two versions of one section, headers left out. Only lines that are not the same letter
 * for letter in both are split into words, so the cost follows the change. Spacing, comments and
 * the style of quoting make no difference; the order of settings does, that of servers does not.
 * Where `hasServers` is false, lines that start with `server` are settings like others.
 */
export function compareLines(
  before: SectionText,
  after: SectionText,
  hasServers: boolean,
): LineDifference {
  if (before.text === after.text) return noDifference
  const middles = middlesOf(before, after)
  const splitBefore = separate(middles.before, hasServers)
  const splitAfter = separate(middles.after, hasServers)
  const settings = compareSettings(splitBefore.settings, splitAfter.settings)
  const canMove = hasServers && (hasLateDefaultServer(before) || hasLateDefaultServer(after))
  const servers = canMove
    ? { before: linesOf(before).filter(isServerLine), after: linesOf(after).filter(isServerLine) }
    : withoutCommon(splitBefore.servers, splitAfter.servers)
  return { settings, servers }
}

function isServerLine(line: TextLine): boolean {
  return firstWord(line.text, 0, line.number) === 'server'
}

function separate(
  lines: readonly TextLine[],
  hasServers: boolean,
): { settings: Setting[]; servers: TextLine[] } {
  const settings: Setting[] = []
  const servers: TextLine[] = []
  for (const line of lines) {
    if (hasServers && isServerLine(line)) {
      servers.push(line)
      continue
    }
    const words = splitWords(line.text, line.number)
    if (words.length > 0) settings.push({ words, number: line.number })
  }
  return { settings, servers }
}

/** A `default-server` line counts for the servers after it; with one among them, order matters. */
function hasLateDefaultServer(section: SectionText): boolean {
  const last = settingsNamed(section, 'default-server').at(-1)?.number
  if (last === undefined) return false
  const first = firstServerLine(section)
  return first !== undefined && first < last
}

/** Its number; the first of them mostly follows a few settings. */
function firstServerLine({ text, line }: SectionText): number | undefined {
  let number = line
  for (let at = 0; at < text.length; number += 1) {
    if (firstWord(text, at, number) === 'server') return number
    const feed = text.indexOf('\n', at)
    at = feed === -1 ? text.length : feed + 1
  }
  return undefined
}

/** Of a line that is there more than once, as many as the other has fewer. */
function withoutCommon(
  before: readonly TextLine[],
  after: readonly TextLine[],
): LineDifference['servers'] {
  const textOf = ({ text }: TextLine): string => text
  return { before: without(before, after, textOf), after: without(after, before, textOf) }
}

function compareSettings(
  before: readonly Setting[],
  after: readonly Setting[],
): LineDifference['settings'] {
  const removed = without(before, after, keyOf)
  const added = without(after, before, keyOf)
  const [from, to] = [lackingNone(before, removed), lackingNone(after, added)]
  const moved = to.find((setting, index) => keyOf(setting) !== keyOfMaybe(from[index]))
  const reorderedAt = moved?.number
  return { removed, added, reorderedAt }
}

/** Those of `some` that `others` lacks; of a repeated one, as many as `others` has fewer. */
function without<T>(some: readonly T[], others: readonly T[], keyOf: (item: T) => string): T[] {
  const counts = new Map<string, number>()
  for (const other of others) counts.set(keyOf(other), (counts.get(keyOf(other)) ?? 0) + 1)
  return some.filter((item) => {
    const count = counts.get(keyOf(item)) ?? 0
    counts.set(keyOf(item), count - 1)
    return count <= 0
  })
}

function keyOf({ words }: Setting): string {
  return JSON.stringify(words)
}

/** Those that both texts have. */
function lackingNone(settings: readonly Setting[], without: readonly Setting[]): Setting[] {
  const others = new Set(without)
  return settings.filter((setting) => !others.has(setting))
}

function keyOfMaybe(setting: Setting | undefined): string {
  return setting === undefined ? '' : keyOf(setting)
}
