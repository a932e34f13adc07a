import { linesOf, splitSections } from '../haproxy/config/sections.ts'
import { splitWords } from '../haproxy/config/split-words.ts'
import { FairleadError } from '../model/errors.ts'

/** One line of a configuration. */
export type Keyword = {
  /** `global`, `defaults`, `frontend`, … */
  readonly section: string
  readonly words: readonly string[]
}

/** The lines of a configuration, without those that cannot be read: HAProxy itself says more of them. */
export function keywordsOf(text: string): Keyword[] {
  return splitSections(text).flatMap((section) =>
    linesOf(section).flatMap((line) => {
      const words = wordsOf(line.text, line.number)
      return words.length === 0 ? [] : [{ section: section.keyword, words }]
    }),
  )
}

function wordsOf(text: string, line: number): string[] {
  try {
    return splitWords(text, line)
  } catch (reason) {
    if (reason instanceof FairleadError) return []
    throw reason
  }
}
