import { hasUnknownPart, splitWords } from './split-words.ts'

/**
 * The words that start a section, up to HAProxy 3.4. HAProxy itself knows a section by nothing but
 * its first word, whatever the indentation (configuration.txt §2.1).
 */
const sectionKeywords: ReadonlySet<string> = new Set([
  'acme',
  'backend',
  'cache',
  'crt-store',
  'defaults',
  'fcgi-app',
  'frontend',
  'global',
  'healthcheck',
  'http-errors',
  'listen',
  'log-forward',
  'log-profile',
  'mailers',
  'namespace_list',
  'peers',
  'program',
  'resolvers',
  'ring',
  'ruleset',
  'traces',
  'userlist',
])

/** Whether a line that begins with this word starts a section. */
export function isSectionKeyword(word: string): boolean {
  return sectionKeywords.has(word)
}

/** A stretch of configuration text, from its header line to before the next section's. */
export type SectionText = {
  /** `global`, `backend`, …; empty for what stands before the first section. */
  readonly keyword: string
  /** With its line ends; the texts of all sections together are the whole text. */
  readonly text: string
  /** Number of its first line in the whole text, from 1. */
  readonly line: number
  /**
   * Whether a line of it starts with a dot: `.if`, `.notice`, … (configuration.txt §2.4), or with an
   * environment variable, which may stand for anything.
   */
  readonly hasDirectives: boolean
  /** Whether the first word of a line is written with quotes or escapes. */
  readonly hasQuotedKeywords: boolean
}

/**
 * Cuts a configuration into sections without splitting it into words: one pass, a few milliseconds
 * for a megabyte. Text out of any section, if it is more than comments and directives, makes a
 * section of its own, named by its first word.
 *
 * Throws ConfigSyntaxError for a line that begins with a word in quotes and cannot be split.
 */
export function splitSections(text: string): SectionText[] {
  const sections: SectionText[] = []
  let begun = { keyword: '', at: 0, line: 1, hasDirectives: false, hasQuotedKeywords: false }
  const end = (at: number): void => {
    const { keyword, at: start, line, hasDirectives, hasQuotedKeywords } = begun
    if (at === start) return
    const stretch = text.slice(start, at)
    sections.push({ keyword, text: stretch, line, hasDirectives, hasQuotedKeywords })
  }
  let line = 1
  for (let at = 0; at < text.length; line += 1) {
    const start = wordStart(text, at)
    // Most lines of a large configuration.
    if (!text.startsWith('server ', start) || begun.keyword === '') {
      const word = firstWord(text, at, line)
      const keyword = sectionKeyword(word, begun.keyword === '')
      if (keyword !== undefined) {
        end(at)
        begun = { keyword, at, line, hasDirectives: false, hasQuotedKeywords: false }
      }
      begun.hasDirectives ||= word.startsWith('.') || hasUnknownPart(word)
      begun.hasQuotedKeywords ||= word !== '' && !text.startsWith(word, start)
    }
    const feed = text.indexOf('\n', at)
    at = feed === -1 ? text.length : feed + 1
  }
  end(text.length)
  return sections
}

const lineFeed = 10

function sectionKeyword(word: string, isOutside: boolean): string | undefined {
  if (sectionKeywords.has(word)) return word
  return isOutside && word !== '' && !word.startsWith('.') ? word : undefined
}

/** HAProxy skips carriage returns before the first word, and takes them for the end after it. */
function wordStart(text: string, at: number): number {
  let index = at
  while (isBlank(text.charCodeAt(index))) index += 1
  return index
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9 || (code >= 11 && code <= 13)
}

/** The first word of the line that starts at `at`, quotes resolved; empty for a blank or comment. */
export function firstWord(text: string, at: number, line: number): string {
  const start = wordStart(text, at)
  let end = start
  for (; end < text.length; end += 1) {
    const code = text.charCodeAt(end)
    if (code === 35 || code === lineFeed || isBlank(code)) break
    if (code === 34 || code === 39 || code === 92) {
      const lineEnd = text.indexOf('\n', at)
      return splitWords(text.slice(at, lineEnd === -1 ? text.length : lineEnd), line)[0] ?? ''
    }
  }
  return text.slice(start, end)
}

/** One line of a text, without its line feed. */
export type TextLine = { readonly text: string; readonly number: number }

/** The lines of a section, numbered as in the whole text. */
export function linesOf(section: SectionText): TextLine[] {
  return linesBetween(section.text, 0, section.text.length, section.line)
}

/** The lines of a stretch that begins at the start of a line, numbered from `number`. */
export function linesBetween(text: string, start: number, end: number, number: number): TextLine[] {
  const lines: TextLine[] = []
  for (let at = start; at < end;) {
    const feed = text.indexOf('\n', at)
    const lineEnd = feed === -1 || feed > end ? end : feed
    lines.push({ text: text.slice(at, lineEnd), number: number + lines.length })
    at = lineEnd + 1
  }
  return lines
}

/**
 * The lines of a section in which `part` occurs, numbered as in the whole text. Found by search, so
 * that one line among thousands costs little; where keywords stand in quotes, all lines.
 */
export function* linesWith(section: SectionText, part: string): Generator<TextLine> {
  const { text } = section
  if (section.hasQuotedKeywords) {
    yield* linesOf(section)
    return
  }
  let number = section.line
  let counted = 0
  for (let at = text.indexOf(part); at !== -1;) {
    const start = text.lastIndexOf('\n', at) + 1
    const feed = text.indexOf('\n', at)
    const end = feed === -1 ? text.length : feed
    number += countLines(text, counted, start)
    counted = start
    yield { text: text.slice(start, end), number }
    at = text.indexOf(part, end)
  }
}

/** The line feeds from `start` to before `end`. */
export function countLines(text: string, start: number, end: number): number {
  let count = 0
  for (let at = text.indexOf('\n', start); at !== -1 && at < end; at = text.indexOf('\n', at + 1)) {
    count += 1
  }
  return count
}
