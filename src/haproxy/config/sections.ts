import { splitWords } from './split-words.ts'

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

/** A stretch of configuration text, from its header line to before the next section's. */
export type SectionText = {
  /** `global`, `backend`, …; empty for what stands before the first section. */
  readonly keyword: string
  /** With its line ends; the texts of all sections together are the whole text. */
  readonly text: string
  /** Number of its first line in the whole text, from 1. */
  readonly line: number
  /** Whether a line of it starts with a dot: `.if`, `.notice`, … (configuration.txt §2.4). */
  readonly hasDirectives: boolean
}

/**
 * Cuts a configuration into sections without splitting it into words: one pass, about a millisecond
 * for a megabyte. Text out of any section, if it is more than comments and directives, makes a
 * section of its own, named by its first word.
 */
export function splitSections(text: string): SectionText[] {
  const sections: SectionText[] = []
  let keyword = ''
  let start = 0
  let startLine = 1
  let hasDirectives = false
  let line = 1
  for (let at = 0; at < text.length; line += 1) {
    const first = firstCode(text, at)
    if (first === dot) hasDirectives = true
    // No section keyword begins with an s; most lines of a large configuration are servers.
    const found =
      first === letterS && keyword !== '' ? undefined : keywordAt(text, at, keyword === '', line)
    if (found !== undefined) {
      if (at > start) {
        sections.push({ keyword, text: text.slice(start, at), line: startLine, hasDirectives })
      }
      keyword = found
      start = at
      startLine = line
      hasDirectives = false
    }
    const end = text.indexOf('\n', at)
    at = end === -1 ? text.length : end + 1
  }
  if (start < text.length) {
    sections.push({ keyword, text: text.slice(start), line: startLine, hasDirectives })
  }
  return sections
}

const dot = 46
const letterS = 115

function keywordAt(text: string, at: number, isOutside: boolean, line: number): string | undefined {
  const word = firstWord(text, at, line)
  if (sectionKeywords.has(word)) return word
  return isOutside && word !== '' && !word.startsWith('.') ? word : undefined
}

function firstCode(text: string, at: number): number {
  let index = at
  while (text.charCodeAt(index) === 32 || text.charCodeAt(index) === 9) index += 1
  return text.charCodeAt(index)
}

/** The first word of the line that starts at `at`, quotes resolved; empty for a blank or comment. */
export function firstWord(text: string, at: number, line: number): string {
  let start = at
  while (text.charCodeAt(start) === 32 || text.charCodeAt(start) === 9) start += 1
  let end = start
  for (; end < text.length; end += 1) {
    const code = text.charCodeAt(end)
    if (code <= 32 || code === 35) break
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
 * that one line among thousands costs little.
 */
export function* linesWith(section: SectionText, part: string): Generator<TextLine> {
  const { text } = section
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
