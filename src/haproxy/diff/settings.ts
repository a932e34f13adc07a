import { firstWord, linesWith } from '../config/sections.ts'
import type { SectionText } from '../config/sections.ts'
import { splitWords } from '../config/split-words.ts'

/** A line that is not a server, as words. */
export type Setting = { readonly words: readonly string[]; readonly number: number }

/** The lines that start with `keyword`, their words without it. Looked for once in each section. */
export function settingsNamed(section: SectionText, keyword: string): readonly Setting[] {
  const known = settings.get(section) ?? new Map<string, readonly Setting[]>()
  const found = known.get(keyword) ?? findSettings(section, keyword)
  settings.set(section, known.set(keyword, found))
  return found
}

const settings = new WeakMap<SectionText, Map<string, readonly Setting[]>>()

function findSettings(section: SectionText, keyword: string): readonly Setting[] {
  const found: Setting[] = []
  for (const { text, number } of linesWith(section, keyword)) {
    if (firstWord(text, 0, number) !== keyword) continue
    found.push({ words: splitWords(text, number).slice(1), number })
  }
  return found
}
