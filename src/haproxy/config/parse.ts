import { linesOf, splitSections } from './sections.ts'
import type { SectionText, TextLine } from './sections.ts'
import { splitWords } from './split-words.ts'

/** One line as it was written; printing gives back exactly its text. */
export type Line = {
  /** Without the line feed; a carriage return before it belongs to the text. */
  readonly text: string
  /** Empty only for a last line that ends without one. */
  readonly ending: '\n' | ''
  /** From 1. */
  readonly number: number
  /** Quotes and escapes resolved, see `splitWords`; empty for a blank line or a comment. */
  readonly words: readonly string[]
}

export type Section = {
  /** `global`, `defaults`, `frontend`, `backend`, `listen`, or any other section's first word. */
  readonly keyword: string
  /** Empty for sections without a name. */
  readonly name: string
  /** `defaults NAME` that it takes its settings from by `from NAME`; undefined: none named. */
  readonly from: string | undefined
  readonly header: Line
  /** What follows the header: settings, comments and blank lines, in order. */
  readonly lines: readonly Line[]
}

/** A whole configuration text: nothing of it is lost, not even spacing. */
export type Config = {
  /** Comments, blank lines and `.if` directives before the first section. */
  readonly preamble: readonly Line[]
  readonly sections: readonly Section[]
}

/**
 * Reads a HAProxy configuration; `printConfig` gives the same text back. Keywords are not checked,
 * `haproxy -c` does that.
 *
 * Throws ConfigSyntaxError, with the line, for what cannot be split into words.
 */
export function parseConfig(text: string): Config {
  const preamble: Line[] = []
  const sections: Section[] = []
  for (const section of splitSections(text)) {
    const lines = parseLines(section)
    const [header, ...rest] = lines
    if (section.keyword === '' || header === undefined) preamble.push(...lines)
    else sections.push({ ...readHeader(header.words), header, lines: rest })
  }
  return { preamble, sections }
}

/**
 * Keyword, name and `from` of a section's header (configuration.txt §4). `from` counts right after
 * the name only; `defaults from NAME` alone has none, with more words it is one named `from`.
 */
export function readHeader(words: readonly string[]): Pick<Section, 'keyword' | 'name' | 'from'> {
  const [keyword = '', name = '', next, parent] = words
  if (keyword === 'defaults' && name === 'from' && words.length === 3) {
    return { keyword, name: '', from: next }
  }
  return { keyword, name, from: next === 'from' ? parent : undefined }
}

function parseLines(section: SectionText): Line[] {
  const lines = linesOf(section)
  return lines.map((line, index) =>
    parseLine(line, index < lines.length - 1 || section.text.endsWith('\n')),
  )
}

function parseLine({ text, number }: TextLine, hasEnding: boolean): Line {
  return { text, ending: hasEnding ? '\n' : '', number, words: splitWords(text, number) }
}
