import { callFailure } from '../../go/failure.ts'
import { sprint } from '../../go/fmt/sprint.ts'
import { goFunction, variadicFunction } from '../../go/functions.ts'
import { quote } from '../../go/quote.ts'
import { anyType, intType, stringMapType, stringType } from '../../go/types.ts'
import { goMap } from '../../go/values.ts'
import type { GoFunction, GoMap, Value } from '../../go/values.ts'
import type { FunctionSet } from '../function-set.ts'
import { checkCount, greatestCount, textList, textOf } from './convert.ts'
import {
  delimitedCase,
  lowerCased,
  pascalCase,
  swappedCase,
  titleCased,
  untitled,
  upperCased,
} from './word-case.ts'
import {
  abbreviatedBoth,
  abbreviatedEnd,
  checkLength,
  substring,
  truncated,
  wrapped,
} from './wrapping.ts'

const ofText = (body: (text: string) => string): GoFunction => goFunction([stringType], body)

/** A function whose text comes last, so that it can be piped into it. */
const ofTwoTexts = (body: (argument: string, text: string) => string | boolean): GoFunction =>
  goFunction([stringType, stringType], body)

function repeated(count: bigint, text: string): string {
  if (count < 0n) throw callFailure('strings: negative Repeat count')
  checkLength('repeat', text === '' ? 0 : Number(count) * text.length)
  return text === '' ? '' : text.repeat(Number(count))
}

/** Spaces before each line, also before an empty one. */
function indented(spaces: bigint, text: string): string {
  const lines = text.split('\n')
  const pad = repeated(spaces, ' ')
  checkLength('indent', text.length + pad.length * lines.length)
  return lines.map((line) => pad + line).join('\n')
}

/** Between separators; an empty separator gives the characters. */
function split(separator: string, text: string): readonly string[] {
  if (separator === '') checkCount('split', text.length / 2)
  const parts = separator === '' ? Array.from(text) : text.split(separator, greatestCount + 1)
  checkCount('split', parts.length)
  return parts
}

/** At most so many parts, the last with all that is left; all for a negative count. */
function splitSome(separator: string, count: bigint, text: string): readonly string[] {
  const parts = split(separator, text)
  if (count < 0n || count >= parts.length) return parts
  if (count === 0n) return []
  const kept = Number(count) - 1
  return [...parts.slice(0, kept), parts.slice(kept).join(separator)]
}

/** A map of the parts of a text: `_0`, `_1`, … */
function numbered(parts: readonly string[]): GoMap {
  return goMap(
    stringMapType,
    parts.map((part, index) => [`_${index}`, part] as const),
  )
}

function replaced(from: string, to: string, text: string): string {
  // An empty text occurs before, between and after all characters.
  const parts = from === '' ? ['', ...Array.from(text), ''] : text.split(from)
  checkLength('replace', text.length + (parts.length - 1) * to.length)
  return parts.join(to)
}

/** Without any of some characters at both ends. */
function trimmed(cutset: string, text: string): string {
  const cut = new Set(cutset)
  const characters = Array.from(text)
  let start = 0
  let end = characters.length
  while (start < end && cut.has(characters[start] ?? '')) start++
  while (end > start && cut.has(characters[end - 1] ?? '')) end--
  return characters.slice(start, end).join('')
}

const present = (values: readonly unknown[]): readonly Value[] =>
  (values as readonly Value[]).filter((value) => value !== null)

const joinedValues = (print: (value: Value) => string): GoFunction =>
  variadicFunction([], anyType, (...values) => present(values).map(print).join(' '))

/** Texts. Lengths and places count bytes, as in Go. */
export const textFunctions: FunctionSet = {
  abbrev: goFunction([intType, stringType], (width, text) => abbreviatedEnd(text, width)),
  abbrevboth: goFunction([intType, intType, stringType], (offset, width, text) =>
    abbreviatedBoth(text, offset, width),
  ),
  trunc: goFunction([intType, stringType], truncated),
  substr: goFunction([intType, intType, stringType], substring),
  trim: ofText((text) => text.trim()),
  trimAll: ofTwoTexts(trimmed),
  trimall: ofTwoTexts(trimmed),
  trimPrefix: ofTwoTexts((prefix, text) =>
    text.startsWith(prefix) ? text.slice(prefix.length) : text,
  ),
  trimSuffix: ofTwoTexts((suffix, text) =>
    text.endsWith(suffix) ? text.slice(0, text.length - suffix.length) : text,
  ),
  upper: ofText(upperCased),
  lower: ofText(lowerCased),
  title: ofText(titleCased),
  untitle: ofText(untitled),
  swapcase: ofText(swappedCase),
  snakecase: ofText((text) => delimitedCase(text, '_')),
  kebabcase: ofText((text) => delimitedCase(text, '-')),
  camelcase: ofText(pascalCase),
  nospace: ofText((text) => text.replaceAll(/\s/gu, '')),
  initials: ofText((text) => Array.from(text.matchAll(/(?<!\S)\S/gu), ([first]) => first).join('')),
  repeat: goFunction([intType, stringType], repeated),
  wrap: goFunction([intType, stringType], (width, text) => wrapped(text, width, '', false)),
  wrapWith: goFunction([intType, stringType, stringType], (width, lineEnd, text) =>
    wrapped(text, width, lineEnd, true),
  ),
  contains: ofTwoTexts((part, text) => text.includes(part)),
  hasPrefix: ofTwoTexts((prefix, text) => text.startsWith(prefix)),
  hasSuffix: ofTwoTexts((suffix, text) => text.endsWith(suffix)),
  quote: joinedValues((value) => quote(textOf(value))),
  squote: joinedValues((value) => `'${sprint([value])}'`),
  cat: joinedValues((value) => sprint([value])),
  indent: goFunction([intType, stringType], indented),
  nindent: goFunction([intType, stringType], (spaces, text) => `\n${indented(spaces, text)}`),
  replace: goFunction([stringType, stringType, stringType], replaced),
  plural: goFunction([stringType, stringType, intType], (one, many, count) =>
    count === 1n ? one : many,
  ),
  toString: goFunction([anyType], textOf),
  split: goFunction([stringType, stringType], (separator, text) =>
    numbered(split(separator, text)),
  ),
  splitn: goFunction([stringType, intType, stringType], (separator, count, text) =>
    numbered(splitSome(separator, count, text)),
  ),
  splitList: goFunction([stringType, stringType], (separator, text) =>
    textList(split(separator, text)),
  ),
}
