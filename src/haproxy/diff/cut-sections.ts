import { readHeader } from '../config/parse.ts'
import { countLines, splitSections } from '../config/sections.ts'
import type { SectionText } from '../config/sections.ts'
import { splitWords } from '../config/split-words.ts'

/** A section with its header read. */
export type CutSection = {
  readonly section: SectionText
  /** The header's. */
  readonly words: readonly string[]
  readonly header: ReturnType<typeof readHeader>
}

/** The sections of a whole text. Throws ConfigSyntaxError. */
export function cutWhole(text: string): CutSection[] {
  return splitSections(text).map((section) => withHeader(section, section.line))
}

/**
 * The sections of a text that is cut before section headers already, as those of the whole text.
 * Stretches that were in the text before are not read again. Throws ConfigSyntaxError.
 */
export function cutSections(stretches: readonly string[]): CutSection[] {
  const read = new Map<string, Stretch>()
  const all: CutSection[] = []
  let line = 1
  for (const text of stretches) {
    const stretch = lastRead.get(text) ?? readStretch(text, line)
    read.set(text, stretch)
    for (const cut of stretch.sections) {
      all.push({ ...cut, section: { ...cut.section, line: line + cut.section.line - 1 } })
    }
    line += stretch.lines
  }
  lastRead = read
  return all
}

type Stretch = {
  /** Their lines counted from the start of the stretch. */
  readonly sections: readonly CutSection[]
  readonly lines: number
}
let lastRead: ReadonlyMap<string, Stretch> = new Map()

/** `line`: where the stretch begins in the whole text, for errors. */
function readStretch(text: string, line: number): Stretch {
  const sections = splitSections(text)
  return {
    sections: sections.map((section) => withHeader(section, line + section.line - 1)),
    lines: countLines(text, 0, text.length),
  }
}

function withHeader(section: SectionText, line: number): CutSection {
  const words = section.keyword === '' ? [] : splitWords(firstLine(section), line)
  return { section, words, header: readHeader(words) }
}

function firstLine({ text }: SectionText): string {
  const end = text.indexOf('\n')
  return end === -1 ? text : text.slice(0, end)
}
