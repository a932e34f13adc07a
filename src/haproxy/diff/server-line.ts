import type { TextLine } from '../config/sections.ts'
import { hasUnknownPart, splitWords } from '../config/split-words.ts'
import { opposites, serverKeyword } from './server-keywords.ts'

/** A `server NAME ADDRESS [param…]` line (configuration.txt §5.2). */
export type ServerLine = {
  readonly name: string
  /** The address as written: `10.0.0.1:80`, a host name, … */
  readonly address: string
  /** What follows, without `disabled` and `enabled`: they are the admin state, not a parameter. */
  readonly params: readonly string[]
  readonly isDisabled: boolean
  readonly number: number
}

/** Throws ConfigSyntaxError. */
export function parseServerLine(line: TextLine): ServerLine {
  const [, name = '', address = '', ...rest] = splitWords(line.text, line.number)
  const params = rest.filter((word) => word !== 'disabled' && word !== 'enabled')
  const isDisabled = rest.lastIndexOf('disabled') > rest.lastIndexOf('enabled')
  return { name, address, params, isDisabled, number: line.number }
}

/** Parameters by keyword, each with its arguments; equal content whatever the order of writing. */
export type ServerParams = {
  readonly byKeyword: ReadonlyMap<string, readonly string[]>
  /** A word that no parameter can be made of; then `byKeyword` holds only what stands before it. */
  readonly unknown: string | undefined
}

/**
 * The parameters that a server has in the end: those of each `default-server` that counts for it,
 * in order, then its own. A later one replaces an earlier one, `no-check` takes `check` away.
 */
export function flattenParams(lists: readonly (readonly string[])[]): ServerParams {
  const byKeyword = new Map<string, readonly string[]>()
  for (const words of lists) {
    for (let index = 0; index < words.length;) {
      const word = words[index] ?? ''
      const keyword = serverKeyword(word)
      if (word === 'disabled' || word === 'enabled') {
        index += 1
        continue
      }
      if (keyword === undefined || hasUnknownPart(word)) return { byKeyword, unknown: word }
      const length = 1 + keyword.arguments + (word === 'source' ? sourceExtra(words, index) : 0)
      const opposite = opposites.get(word)
      if (opposite !== undefined) byKeyword.delete(opposite)
      else byKeyword.set(word, words.slice(index + 1, index + length))
      index += length
    }
  }
  return { byKeyword, unknown: undefined }
}

/** `source ADDR usesrc ADDR2` and `source ADDR interface NAME` are one parameter. */
function sourceExtra(words: readonly string[], index: number): 0 | 2 {
  const next = words[index + 2]
  return next === 'usesrc' || next === 'interface' ? 2 : 0
}

/** One argument of a parameter; undefined when the server does not have it. */
export function paramOf(params: ServerParams, keyword: string): string | undefined {
  return params.byKeyword.get(keyword)?.[0]
}

/** The keywords whose arguments differ, without those that HAProxy can change in place. */
export function differingKeywords(one: ServerParams, other: ServerParams): string[] {
  const names = new Set([...one.byKeyword.keys(), ...other.byKeyword.keys()])
  const isPlain = (name: string): boolean =>
    [one, other].every((params) => /^\d+$/.test(paramOf(params, name) ?? '0'))
  const canSetMaxconn = !names.has('minconn') && isPlain('maxconn')
  return [...names].filter((name) => {
    if (isSetInPlace(name, one, other)) return false
    if ((name === 'weight' && isPlain(name)) || (name === 'maxconn' && canSetMaxconn)) return false
    const argument = one.byKeyword.get(name)
    const otherArgument = other.byKeyword.get(name)
    if (argument === undefined || otherArgument === undefined) return true
    return argument.join('\0') !== otherArgument.join('\0')
  })
}

/** Parameters that a command sets, of a server that has them, by the word of that command. */
export const setInPlace: ReadonlyMap<string, string> = new Map([
  ['agent-send', 'agent-send'],
  ['port', 'check-port'],
])

/** `set server … check-port` wants a check, `agent-send` an agent (management.txt §9.3). */
function isSetInPlace(keyword: string, one: ServerParams, other: ServerParams): boolean {
  if (!setInPlace.has(keyword)) return false
  const of = keyword === 'port' ? 'check' : 'agent-check'
  return (
    [one, other].every(
      ({ byKeyword }) =>
        byKeyword.has(of) && (keyword !== 'port' || /^\d+$/.test(byKeyword.get('port')?.[0] ?? '')),
    ) &&
    one.byKeyword.has(keyword) &&
    other.byKeyword.has(keyword)
  )
}
