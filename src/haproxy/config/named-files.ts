import type { BaseFolders, FileMention, FileUse } from './file-use.ts'
import { certificateFiles } from './named-certificates.ts'
import { firstWord, linesOf, splitSections } from './sections.ts'
import type { SectionText, TextLine } from './sections.ts'
import { hasUnknownPart, splitWords } from './split-words.ts'

/** A file that a configuration names. */
export type NamedFile = {
  /** As written, behind `crt-base`, `ca-base` or `key-base`; it may be relative. */
  readonly path: string
  readonly use: FileUse
  /** Line of the text, from 1. */
  readonly line: number
  /** Given as `opt@…`: it need not exist (configuration.txt §2.7, from 3.0). */
  readonly isOptional: boolean
}

/**
 * The files that a configuration names, in the order of the text, one entry per mention. Not those
 * named by environment variables, nor what HAProxy writes. The certificates that a crt-list names
 * are in `crtListEntries`. About 10 ms for a megabyte; lines of plain servers are passed over.
 *
 * Throws ConfigSyntaxError for a line that cannot be split into words.
 */
export function namedFiles(config: string): readonly NamedFile[] {
  const sections = splitSections(config)
  const bases = globalBases(sections)
  return sections.flatMap((section) => filesOfSection(section, bases))
}

/** The folders that stand before relative paths in all of a text. Throws ConfigSyntaxError. */
export function baseFolders(config: string): BaseFolders {
  return globalBases(splitSections(config))
}

function globalBases(sections: readonly SectionText[]): BaseFolders {
  return new Map(sections.filter(({ keyword }) => keyword === 'global').flatMap(basesIn))
}

function filesOfSection(section: SectionText, inherited: BaseFolders): NamedFile[] {
  const isStore = section.keyword === 'crt-store'
  const bases = isStore ? new Map([...inherited, ...basesIn(section)]) : inherited
  return linesOf(section)
    .filter(({ text }) => mayName.test(text))
    .flatMap((line) => filesOfLine(line, bases))
}

/** Cheap to ask of each line; what it lets through is split into words. */
const mayName = /map|acl|-f|crt|file|lua-load|load|config|ssl|-keys|-path|account-key|eab-/

/** The files that one line names. */
export function filesOfLine(line: TextLine, bases: BaseFolders): NamedFile[] {
  const words = splitWords(line.text, line.number)
  const mentions = [
    ...words.flatMap(mapsInWord),
    ...patternFiles(words),
    ...certificateFiles(words, bases),
    ...otherFiles(words),
  ]
  return mentions.flatMap((mention) => {
    const path = mention.path.replace(/^(?:opt|file)@/, '')
    if (path === '' || hasUnknownPart(path) || mention.path.startsWith('virt@')) return []
    return [{ ...mention, path, line: line.number, isOptional: mention.path.startsWith('opt@') }]
  })
}

function basesIn(section: SectionText): [name: string, folder: string][] {
  return linesOf(section).flatMap(({ text, number }): [string, string][] => {
    if (!/-base/.test(text) || !/^(?:crt|ca|key)-base$/.test(firstWord(text, 0, number))) return []
    const [name = '', folder = ''] = splitWords(text, number)
    return [[name, folder]]
  })
}

/** `map_beg(FILE,default)` in an expression, `set-map(FILE)` and `add-acl(FILE)` as actions. */
function mapsInWord(word: string): FileMention[] {
  const mentions: FileMention[] = []
  if (!word.includes('(')) return mentions
  for (const match of word.matchAll(converter)) {
    const [, kind = 'str', quoted, apostrophed, bare = ''] = match
    const isOrdered = kind !== 'str' && kind !== 'beg'
    const path = quoted ?? apostrophed ?? bare
    mentions.push({ path, use: isOrdered ? 'map-ordered' : 'map' })
  }
  const written = /^(?:(?:set|del)-map|(?:add|del)-acl)\((.*)\)$/.exec(word)?.[1]
  return written === undefined ? mentions : [...mentions, { path: written, use: 'written' }]
}

/** configuration.txt §7.3.1, `map`; its arguments may be in quotes. */
const converter =
  /(?<![A-Za-z0-9_.-])map(?:_([a-z]+))?(?:_[a-z]+)?\((?:"([^"]*)"|'([^']*)'|([^,)]*))/g

/**
 * `-f FILE` among the flags of an ACL or of a condition in braces (configuration.txt §7.1); with
 * `-M` it is read as a map, of which the keys count.
 */
function patternFiles(words: readonly string[]): FileMention[] {
  const mentions: FileMention[] = []
  const starts = words.flatMap((word, index) => (/^!*\{$/.test(word) ? [index + 2] : []))
  if (words[0] === 'acl') starts.push(3)
  for (const start of starts) {
    let isMap = false
    for (let at = start; words[at]?.startsWith('-') === true && words[at] !== '--'; at += 1) {
      const flag = words[at]
      if (flag === '-M') isMap = true
      if (flag === '-f') mentions.push({ path: words[at + 1] ?? '', use: isMap ? 'map' : 'acl' })
      if (flag === '-f' || flag === '-m' || flag === '-u') at += 1
    }
  }
  return mentions
}

/** Settings whose first word is a file that is read only when HAProxy is loaded. */
const firstArgument: ReadonlySet<string> = new Set([
  '51degrees-data-file',
  'account-key',
  'deviceatlas-json-file',
  'eab-key-id',
  'eab-mac-key',
  'httpclient.ssl.ca-file',
  'issuers-chain-path',
  'lua-load',
  'lua-load-per-thread',
  'ssl-dh-param-file',
  'wurfl-data-file',
])

/** Such settings, and those with the path further on: `http-request return … file FILE`. */
function otherFiles(words: readonly string[]): FileMention[] {
  const [first = ''] = words
  const other = (path: string | undefined): FileMention[] =>
    path === undefined || path.startsWith('@') ? [] : [{ path, use: 'other' }]
  if (firstArgument.has(first)) return other(words[1])
  if (first === 'errorfile') return other(words[2])
  if (first === 'filter') return other(after(words, 'config'))
  const isPage = first === 'http-error' || /^(?:return|deny|tarpit)$/.test(words[1] ?? '')
  if (!isPage || !/^http-(?:request|response|after-response|error)$/.test(first)) return []
  return ['errorfile', 'file', 'lf-file'].flatMap((keyword) => other(after(words, keyword)))
}

function after(words: readonly string[], keyword: string): string | undefined {
  const at = words.indexOf(keyword)
  return at === -1 ? undefined : words[at + 1]
}
