import type { ConfigText } from '../../model/desired-state.ts'
import { firstWord, linesOf, splitSections } from '../config/sections.ts'
import type { SectionText } from '../config/sections.ts'
import { splitWords } from '../config/split-words.ts'
import { hasServers } from './layout.ts'

/** A section, with its `server` lines apart from all else. */
export type ServerSection = {
  /** `backend app`; empty for a section that can have no servers. */
  readonly key: string
  /** Name of the backend; empty as `key`. */
  readonly name: string
  /** What stands before its servers, and after the first of them: all but `server` lines. */
  readonly before: string
  readonly after: string
  /** Whole lines; empty without servers. */
  readonly servers: string
}

/**
 * Reads texts as sections with their servers; stretches that were in the last text are not read
 * again. Undefined for a text of which it depends on conditions (`.if`) what counts.
 */
export class ServerSectionReader {
  #known: ReadonlyMap<string, readonly ServerSection[] | undefined> = new Map()

  /** Throws ConfigSyntaxError. */
  read(text: ConfigText): readonly ServerSection[] | undefined {
    const known = new Map<string, readonly ServerSection[] | undefined>()
    const all: ServerSection[] = []
    let isReadable = true
    for (const stretch of text.sections ?? [text.config]) {
      const sections = this.#known.has(stretch) ? this.#known.get(stretch) : readStretch(stretch)
      known.set(stretch, sections)
      if (sections === undefined) isReadable = false
      else for (const section of sections) all.push(section)
    }
    this.#known = known
    return isReadable ? all : undefined
  }
}

/** A text made of two. */
export type JoinedText = {
  readonly sections: readonly string[]
  /** Names of backends that are only in the one that gave the structure, and had servers there. */
  readonly unserved: readonly string[]
  /** Names of backends that are only in the one that gave the servers, and have some there. */
  readonly leftOut: readonly string[]
}

const joined = new WeakMap<ServerSection, { readonly servers: string; readonly text: string }>()

/**
 * All of one text but its servers, with the servers of another one in the backends that are in both.
 * `keep` gives those lines that a backend may keep which is in the first alone; whole lines. Sections
 * of `frozen`, by their keys, keep their own servers.
 */
export function joinServers(
  structure: readonly ServerSection[],
  live: readonly ServerSection[],
  keep: (section: ServerSection) => string,
  frozen: ReadonlySet<string> = new Set(),
): JoinedText {
  const servers = new Map<string, string>()
  for (const each of live) if (each.key !== '') servers.set(each.key, each.servers)
  const unserved: string[] = []
  const sections = structure.map((section) => {
    const own = servers.get(section.key)
    servers.delete(section.key)
    if (frozen.has(section.key)) return withLines(section, section.servers)
    if (own === undefined && section.servers !== '') unserved.push(section.name)
    return withLines(section, own ?? keep(section))
  })
  const leftOut = [...servers].filter(([, lines]) => lines !== '').map(([key]) => nameOf(key))
  return { sections, unserved, leftOut }
}

/** The same section with other servers: the same string as the last time where they are the same. */
function withLines(section: ServerSection, servers: string): string {
  const known = joined.get(section)
  if (known?.servers === servers) return known.text
  const text = `${section.before}${servers}${section.after}`
  joined.set(section, { servers, text })
  return text
}

function readStretch(text: string): readonly ServerSection[] | undefined {
  const sections = splitSections(text)
  if (sections.some((section) => section.hasDirectives)) return undefined
  return sections.map(readSection)
}

function readSection(section: SectionText): ServerSection {
  if (!hasServers(section)) {
    return { key: '', name: '', before: section.text, after: '', servers: '' }
  }
  const parts = { before: '', after: '', servers: '' }
  for (const { text, number } of linesOf(section)) {
    const isServer = firstWord(text, 0, number) === 'server'
    // Blank lines at its end belong to what comes after the servers.
    const isAfter = parts.servers !== '' || text.trim() === ''
    const part = isServer ? 'servers' : isAfter ? 'after' : 'before'
    if (part === 'before') {
      parts.before += parts.after
      parts.after = ''
    }
    parts[part] += `${text}\n`
  }
  const name = splitWords(linesOf(section)[0]?.text ?? '', section.line)[1] ?? ''
  return { key: `${section.keyword} ${name}`, name, ...parts }
}

function nameOf(key: string): string {
  return key.slice(key.indexOf(' ') + 1)
}
