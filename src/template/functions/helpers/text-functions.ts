import { joined } from '../../go/byte-text.ts'
import { callFailure } from '../../go/failure.ts'
import { goFunction, stringsParameter } from '../../go/functions.ts'
import { intType, stringMapType, stringSliceType, stringType } from '../../go/types.ts'
import { goMap, list } from '../../go/values.ts'
import type { GoMap, List } from '../../go/values.ts'
import type { FunctionSet } from '../function-set.ts'
import { mostItems, refuseLongText, refuseManyItems } from './bounds.ts'
import { searching } from './text-bytes.ts'
import { lowerCased, titleCased, upperCased } from './text-case.ts'
import { trimmedSpace } from './white-space.ts'

/** Between separators; an empty separator gives the characters. */
function parts(separator: string, text: string): readonly string[] {
  if (separator === '') {
    refuseManyItems(text.length / 2)
    const characters = Array.from(text)
    refuseManyItems(characters.length)
    return characters
  }
  return searching([separator], text, ([sought = ''], within, back) => {
    const found = within.split(sought, mostItems + 1)
    refuseManyItems(found.length)
    return found.map(back)
  })
}

function split(separator: string, text: string): List {
  const trimmed = trimmedSpace(text)
  return list(stringSliceType, trimmed === '' ? [] : parts(separator, trimmed))
}

/** Items of a text, each a key and a value; those without the second separator do not count. */
function splitToMap(itemSeparator: string, separator: string, text: string): GoMap {
  const trimmed = trimmedSpace(text)
  const entries = new Map<string, string>()
  for (const item of trimmed === '' ? [] : parts(itemSeparator, trimmed)) {
    searching([separator], item, ([sought = ''], within, back) => {
      const at = within.indexOf(sought)
      if (at < 0) return
      entries.set(back(within.slice(0, at)), back(within.slice(at + sought.length)))
    })
  }
  return goMap(stringMapType, entries)
}

function join(separator: string, strings: List): string {
  const texts = strings.items.map(String)
  const length = texts.reduce((sum, text) => sum + text.length, 0)
  refuseLongText(length + separator.length * Math.max(texts.length - 1, 0))
  return joined(texts.join(separator))
}

/** Without the characters at either end that are among the given ones. */
function trim(characters: string, text: string): string {
  const given = new Set(characters)
  const first = (at: number) => String.fromCodePoint(text.codePointAt(at) ?? 0)
  const last = (end: number) => {
    const pair = end > 1 ? first(end - 2) : ''
    return pair.length === 2 ? pair : text.charAt(end - 1)
  }
  let start = 0
  let end = text.length
  while (start < end && given.has(first(start))) start += first(start).length
  while (end > start && given.has(last(end))) end -= last(end).length
  return text.slice(start, end)
}

function trimPrefix(prefix: string, text: string): string {
  return searching([prefix], text, ([sought = ''], within, back) =>
    within.startsWith(sought) ? back(within.slice(sought.length)) : text,
  )
}

function trimSuffix(suffix: string, text: string): string {
  return searching([suffix], text, ([sought = ''], within, back) =>
    within.endsWith(sought) ? back(within.slice(0, within.length - sought.length)) : text,
  )
}

function occurrences(sought: string, text: string): number {
  let count = 0
  for (let at = text.indexOf(sought); at >= 0; at = text.indexOf(sought, at + sought.length)) {
    count++
  }
  return count
}

function replaceAll(from: string, to: string, text: string): string {
  // An empty text occurs before, between and after all characters.
  if (from === '') {
    refuseLongText(text.length + (text.length + 1) * to.length)
    return joined(['', ...Array.from(text), ''].join(to))
  }
  return searching([from, to], text, ([sought = '', other = ''], within, back) => {
    const count = occurrences(sought, within)
    refuseLongText(within.length + count * (other.length - sought.length))
    return joined(back(within.replaceAll(sought, () => other)))
  })
}

/** Spaces before each line that is not empty. */
function indent(spaces: bigint, text: string): string {
  if (spaces < 0n) throw callFailure('indent value must be a positive integer')
  let lines = 0
  for (let at = 0; at < text.length; at++) {
    if (text[at] !== '\n' && (at === 0 || text[at - 1] === '\n')) lines++
  }
  refuseLongText(text.length + lines * Number(spaces))
  if (lines === 0) return text
  return text.replaceAll(/(^|\n)(?=[^\n])/g, `$1${' '.repeat(Number(spaces))}`)
}

const twoTexts = [stringType, stringType] as const
const threeTexts = [stringType, stringType, stringType] as const

/** Functions on texts, by their characters. */
export const textFunctions: FunctionSet = {
  split: goFunction(twoTexts, split),
  splitToMap: goFunction(threeTexts, splitToMap),
  join: goFunction([stringType, stringsParameter], join),
  trim: goFunction(twoTexts, trim),
  trimPrefix: goFunction(twoTexts, trimPrefix),
  trimSuffix: goFunction(twoTexts, trimSuffix),
  trimSpace: goFunction([stringType], trimmedSpace),
  toLower: goFunction([stringType], lowerCased),
  toUpper: goFunction([stringType], upperCased),
  toTitle: goFunction([stringType], titleCased),
  replaceAll: goFunction(threeTexts, replaceAll),
  indent: goFunction([intType, stringType], indent),
}
