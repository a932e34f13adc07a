import { parseConfig } from './parse.ts'
import type { Section } from './parse.ts'
import { linesWith } from './sections.ts'
import type { SectionText } from './sections.ts'
import { hasUnknownPart, hasVariable, splitWords } from './split-words.ts'

/**
 * Whether two texts mean the same to HAProxy as far as that can be told without knowing keywords:
 * the same words in the same lines of the same sections. Spacing, comments, the style of quoting and
 * the order of sections that do not depend on each other make no difference; every other order does.
 * Nor does the line feed that a last line may lack, though HAProxy refuses such a file.
 *
 * Throws ConfigSyntaxError.
 */
export function isSameMeaning(one: string, other: string): boolean {
  return one === other || normalForm(one) === normalForm(other)
}

/**
 * A text that is the same for all writings of one configuration; see `isSameMeaning`. What a section
 * inherits by its place belongs to it: its `defaults`, and how many `global` sections stand before.
 *
 * Throws ConfigSyntaxError.
 */
export function normalForm(text: string): string {
  const { preamble, sections } = parseConfig(text)
  const first = preamble.map(({ words }) => words).filter((words) => words.length > 0)
  const forms = sectionForms(sections)
  const isOrdered = [first, ...sections.map(settingsOf)].flat().some(makesOrderCount)
  return JSON.stringify([first, ...(isOrdered ? forms : forms.toSorted())])
}

/**
 * Whether the `global` sections before a section decide over its meaning. `peers` take their own
 * name from `localpeer` (configuration.txt §3.1), and any may use what `setenv` there has set. The
 * place of a `global` section is its number among its like.
 */
export function dependsOnGlobal(section: SectionText): boolean {
  if (section.keyword === 'global') return false
  return dependent.has(section.keyword) || linesWithVariables(section).next().done !== true
}

/** The lines of a section, its header too, that hold an environment variable: their words. */
export function* linesWithVariables(section: SectionText): Generator<readonly string[]> {
  // A search for one character first: most of thousands of sections have none.
  if (!section.text.includes('$') || !/"[^\n]*\$/.test(section.text)) return
  for (const { text, number } of linesWith(section, '$')) {
    const words = splitWords(text, number)
    if (words.some(hasVariable)) yield words
  }
}

const proxies: ReadonlySet<string> = new Set(['frontend', 'backend', 'listen'])
const dependent: ReadonlySet<string> = new Set([...proxies, 'defaults', 'peers'])

function sectionForms(sections: readonly Section[]): string[] {
  const named = new Map<string, string>()
  let last = ''
  let globals = 0
  const counts = new Map<string, number>()
  return sections.map((section) => {
    const { keyword, name, from, header } = section
    const isProxy = proxies.has(keyword)
    const inherited = (from === undefined ? undefined : named.get(from)) ?? (isProxy ? last : '')
    // Of sections with one name, which HAProxy may join or refuse, the order counts.
    const key = JSON.stringify([keyword, name])
    const count = counts.get(key) ?? 0
    counts.set(key, count + 1)
    const hasVariables = [header, ...section.lines].some(({ words }) => words.some(hasVariable))
    const isDependent = keyword !== 'global' && (dependent.has(keyword) || hasVariables)
    const place = isDependent ? globals : 0
    const form = JSON.stringify([header.words, settingsOf(section), inherited, place, count])
    if (keyword === 'global') globals += 1
    if (keyword === 'defaults') last = form
    if (keyword === 'defaults' && name !== '') named.set(name, form)
    return form
  })
}

function settingsOf({ lines }: Section): (readonly string[])[] {
  return lines.map(({ words }) => words).filter((words) => words.length > 0)
}

function makesOrderCount([keyword = '']: readonly string[]): boolean {
  return /^\.(?:if|elif|else|endif)$/.test(keyword) || hasUnknownPart(keyword)
}
