import { isSameList, type ConfigText } from '../../model/desired-state.ts'
import type { Knowledge } from '../config/conditions.ts'
import { dependsOnGlobal, linesWithVariables } from '../config/meaning.ts'
import { resolveConditions } from '../config/resolve-conditions.ts'
import { firstWord, linesOf } from '../config/sections.ts'
import type { SectionText } from '../config/sections.ts'
import { hasUnknownPart, hasVariable } from '../config/split-words.ts'
import { cutSections, cutWhole, type CutSection } from './cut-sections.ts'

/** A section and its place among the others. */
export type PlacedSection = SectionText & {
  /** `backend app`; a second section of the same name is `backend app#2`. */
  readonly key: string
  readonly name: string
  /** The header's words, without a `from NAME` that `context` stands for. */
  readonly headerWords: readonly string[]
  /** What it inherits, for a proxy and for a `defaults … from`; undefined: nothing. */
  readonly defaults: PlacedSection | undefined
  /** What before it decides over its meaning: its `defaults` and the `global` sections so far. */
  readonly context: string
  /** Which lines count, in it or in what it inherits, or its names, cannot be known here. */
  readonly isConditional: boolean
}

/** The sections of one text. The order of the keys is that of the text. */
export type Layout = {
  readonly sections: ReadonlyMap<string, PlacedSection>
  readonly isConditional: boolean
}

export function isProxy(section: SectionText): boolean {
  return (
    section.keyword === 'backend' || section.keyword === 'listen' || section.keyword === 'frontend'
  )
}

/** Whether servers of this section can come and go while HAProxy runs. */
export function hasServers(section: SectionText): boolean {
  return section.keyword === 'backend' || section.keyword === 'listen'
}

/**
 * The sections as HAProxy reads them: `.if … .endif` is decided as far as what is known of it goes,
 * and what does not count is left out.
 *
 * Throws ConfigSyntaxError when a section's header cannot be split into words. The last layout is
 * kept: the text that is wanted now is the base of the next difference.
 */
export function layOut(text: ConfigText, { version }: Knowledge = {}): Layout {
  if (last === undefined || last.version !== version || !isOf(last, text)) {
    const { sections } = text
    const cut = sections === undefined ? cutWhole(text.config) : cutSections(sections)
    const decided = cut.some(({ section }) => section.hasDirectives)
      ? cutWhole(resolveConditions(text.config, { version }))
      : cut
    const layout = layOutAnew(decided)
    last = { version, sections, config: sections === undefined ? text.config : undefined, layout }
  }
  return last.layout
}

type Kept = {
  readonly version: string | undefined
  readonly sections: readonly string[] | undefined
  /** Undefined where the sections are known. */
  readonly config: string | undefined
  readonly layout: Layout
}
let last: Kept | undefined

function isOf({ sections, config }: Kept, text: ConfigText): boolean {
  if (sections !== undefined && text.sections !== undefined) {
    return isSameList(sections, text.sections)
  }
  return config !== undefined && text.sections === undefined && config === text.config
}

function layOutAnew(cut: Iterable<CutSection>): Layout {
  const sections = new Map<string, PlacedSection>()
  const namedDefaults = new Map<string, PlacedSection>()
  let lastDefaults: PlacedSection | undefined
  let globals = 0
  let depth = 0
  let isAnyConditional = false
  for (const { section, words, header } of cut) {
    if (isOnlyComments(section)) continue
    const isDefaults = section.keyword === 'defaults'
    const named = header.from === undefined ? undefined : namedDefaults.get(header.from)
    const defaults = named ?? (isProxy(section) ? lastDefaults : undefined)
    const isConditional =
      depth > 0 ||
      defaults?.isConditional === true ||
      (section.hasDirectives && isUncertain(section)) ||
      hasUnknownNames(section)
    if (section.hasDirectives) depth += depthChange(section)
    isAnyConditional ||= isConditional
    const placed: PlacedSection = {
      keyword: section.keyword,
      text: section.text,
      line: section.line,
      hasDirectives: section.hasDirectives,
      hasQuotedKeywords: section.hasQuotedKeywords,
      key: freeKey(sections, `${section.keyword} ${header.name}`.trim()),
      name: header.name,
      headerWords: named === undefined ? words : withoutFrom(words, header.from),
      defaults,
      context: dependsOnGlobal(section) ? `${globals} ${defaults?.key ?? ''}` : '',
      isConditional,
    }
    sections.set(placed.key, placed)
    if (section.keyword === 'global') globals += 1
    if (isDefaults) lastDefaults = placed
    if (isDefaults && header.name !== '') namedDefaults.set(header.name, placed)
  }
  return { sections, isConditional: isAnyConditional }
}

/**
 * Whether it holds a part of an `.if … .endif` that could not be decided, or a line whose first word
 * is an environment variable, which may stand for anything.
 */
function isUncertain(section: SectionText): boolean {
  return linesOf(section).some(({ text, number }) => {
    const word = firstWord(text, 0, number)
    return /^\.(?:if|elif|else|endif)$/.test(word) || hasUnknownPart(word)
  })
}

/** Whether its own name, or that of a server in it, is known to HAProxy's environment only. */
function hasUnknownNames(section: SectionText): boolean {
  for (const [keyword, name = '', ...rest] of linesWithVariables(section)) {
    if (keyword === section.keyword && [name, ...rest].some(hasVariable)) return true
    if ((keyword === 'server' || keyword === 'server-template') && hasVariable(name)) return true
  }
  return false
}

function depthChange(section: SectionText): number {
  let change = 0
  for (const { text, number } of linesOf(section)) {
    const word = firstWord(text, 0, number)
    if (word === '.if') change += 1
    if (word === '.endif') change -= 1
  }
  return change
}

/** Before the first section. */
function isOnlyComments({ keyword, text }: SectionText): boolean {
  return keyword === '' && !/^[ \t\v\f\r]*[^ \t\v\f\r\n#]/m.test(text)
}

function freeKey(taken: ReadonlyMap<string, unknown>, key: string): string {
  let free = key
  for (let count = 2; taken.has(free); count += 1) free = `${key}#${count}`
  return free
}

function withoutFrom(words: readonly string[], from: string | undefined): readonly string[] {
  if (from === undefined) return words
  const at = words.indexOf('from', words.length === 3 ? 1 : 2)
  return [...words.slice(0, at), ...words.slice(at + 2)]
}
