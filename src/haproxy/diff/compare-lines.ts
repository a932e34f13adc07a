import { firstWord, linesOf } from '../config/sections.ts'
import type { SectionText, TextLine } from '../config/sections.ts'
import { splitWords } from '../config/split-words.ts'

/** A line that is not a server, as words. */
export type Setting = { readonly words: readonly string[]; readonly number: number }

/** How two versions of one section differ. */
export type LineDifference = {
  readonly settings: {
    readonly removed: readonly Setting[]
    readonly added: readonly Setting[]
    /** First line of settings that are the same but stand in another order. */
    readonly reorderedAt: number | undefined
  }
  /** Server lines that the other version does not have letter for letter; all when `default-server` lines moved. */
  readonly servers: { readonly before: readonly TextLine[]; readonly after: readonly TextLine[] }
}

const nothing: LineDifference = {
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
  if (before.text === after.text) return nothing
  const headerLines = after.keyword === '' ? 0 : 1
  const linesBefore = linesOf(before)
  const linesAfter = linesOf(after)
  const middle = trimEqualEnds(linesBefore, linesAfter, headerLines)
  const splitBefore = separate(middle.before, hasServers)
  const splitAfter = separate(middle.after, hasServers)
  const settings = compareSettings(splitBefore.settings, splitAfter.settings)
  const canMove = hasServers && (hasLateDefaultServer(before) || hasLateDefaultServer(after))
  const servers = canMove
    ? { before: linesBefore.filter(isServerLine), after: linesAfter.filter(isServerLine) }
    : withoutCommon(splitBefore.servers, splitAfter.servers)
  return { settings, servers }
}

function isServerLine(line: TextLine): boolean {
  return firstWord(line.text, 0, line.number) === 'server'
}

type Ends = { readonly before: readonly TextLine[]; readonly after: readonly TextLine[] }

function trimEqualEnds(
  before: readonly TextLine[],
  after: readonly TextLine[],
  start: number,
): Ends {
  let first = start
  const shorter = Math.min(before.length, after.length)
  while (first < shorter && before[first]?.text === after[first]?.text) first += 1
  let last = 0
  while (
    last < shorter - first &&
    before[before.length - 1 - last]?.text === after[after.length - 1 - last]?.text
  ) {
    last += 1
  }
  return {
    before: before.slice(first, before.length - last),
    after: after.slice(first, after.length - last),
  }
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
  if (!section.text.includes('default-server')) return false
  let hasServer = false
  for (const line of linesOf(section)) {
    const word = firstWord(line.text, 0, line.number)
    if (word === 'server') hasServer = true
    else if (word === 'default-server' && hasServer) return true
  }
  return false
}

function withoutCommon(before: readonly TextLine[], after: readonly TextLine[]): Ends {
  const beforeTexts = new Set(before.map(({ text }) => text))
  const afterTexts = new Set(after.map(({ text }) => text))
  return {
    before: before.filter(({ text }) => !afterTexts.has(text)),
    after: after.filter(({ text }) => !beforeTexts.has(text)),
  }
}

function compareSettings(
  before: readonly Setting[],
  after: readonly Setting[],
): LineDifference['settings'] {
  const removed = without(before, after)
  const added = without(after, before)
  let reorderedAt: number | undefined
  if (removed.length === 0 && added.length === 0) {
    const moved = after.find((setting, index) => keyOf(setting) !== keyOfMaybe(before[index]))
    reorderedAt = moved?.number
  }
  return { removed, added, reorderedAt }
}

/** The settings of `some` that `others` lacks; of a repeated one, as many as `others` has fewer. */
function without(some: readonly Setting[], others: readonly Setting[]): Setting[] {
  const counts = new Map<string, number>()
  for (const other of others) counts.set(keyOf(other), (counts.get(keyOf(other)) ?? 0) + 1)
  return some.filter((setting) => {
    const count = counts.get(keyOf(setting)) ?? 0
    counts.set(keyOf(setting), count - 1)
    return count <= 0
  })
}

function keyOf({ words }: Setting): string {
  return JSON.stringify(words)
}

function keyOfMaybe(setting: Setting | undefined): string {
  return setting === undefined ? '' : keyOf(setting)
}
