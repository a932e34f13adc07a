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
  const lines: TextLine[] = []
  let number = section.line
  for (let at = 0; at < section.text.length; number += 1) {
    const end = section.text.indexOf('\n', at)
    lines.push({ text: section.text.slice(at, end === -1 ? undefined : end), number })
    at = end === -1 ? section.text.length : end + 1
  }
  return lines
}
