import { RE2JS } from 're2js'
import { messageOf } from '../../model/errors.ts'
import { byteLength, sliceBytes } from '../go/byte-text.ts'
import { callFailure } from '../go/failure.ts'
import {
  goFunction,
  stringMapParameter,
  stringsParameter,
  variadicFunction,
} from '../go/functions.ts'
import { canBackquote, quote } from '../go/quote.ts'
import { bytesType, intType, stringSliceType, stringType } from '../go/types.ts'
import { list } from '../go/values.ts'
import type { GoFunction, List } from '../go/values.ts'
import { jsonAt } from './json-path.ts'

const textsOf = (strings: List): readonly string[] => strings.items.map(String)
const listOf = (texts: readonly string[]): List => list(stringSliceType, texts)

/** An element counted from the start, or for a negative index from the end; the outermost if there is none. */
function elementAt(index: bigint, texts: readonly string[]): string {
  const fromStart = index < 0n ? texts.length + Number(index) : Number(index)
  const element = texts[Math.min(Math.max(fromStart, 0), texts.length - 1)]
  if (element === undefined) throw callFailure('runtime error: index out of range [-1]')
  return element
}

/** Bytes of a text from `from` up to `to`; the whole text for bounds beyond its end. */
function sliceText(text: string, ...bounds: readonly bigint[]): string {
  const [from = 0, to] = bounds.map(Number)
  const length = byteLength(text)
  if (bounds.length === 0 || bounds.length > 2 || from > length || (to ?? 0) > length) return text
  if (from < 0 || (to ?? 0) < 0) throw callFailure('runtime error: slice bounds out of range')
  return sliceBytes(text, from, to === undefined || to < from ? length : to)
}

/** Between separators; an empty separator gives the characters. */
function split(separator: string, text: string): readonly string[] {
  return separator === '' ? Array.from(text) : text.split(separator)
}

/** The first `count` occurrences replaced, all for a negative count. */
function replaceFirst(count: bigint, from: string, to: string, text: string): string {
  // An empty text occurs before, between and after all characters.
  const parts = from === '' ? ['', ...Array.from(text), ''] : text.split(from)
  const replaced = count < 0n ? parts.length - 1 : Math.min(Number(count), parts.length - 1)
  const head = parts.slice(0, replaced + 1).join(to)
  return [head, ...parts.slice(replaced + 1)].join(from)
}

/** Go changes case character by character: ß stays. */
function upperCased(text: string): string {
  const upper = (character: string) => {
    const mapped = character.toUpperCase()
    return Array.from(mapped).length === 1 ? mapped : character
  }
  return Array.from(text, upper).join('')
}

function lowerCased(text: string): string {
  return Array.from(text, (character) => Array.from(character.toLowerCase())[0] ?? '').join('')
}

function compiled(expression: string): RE2JS {
  try {
    return RE2JS.compile(expression)
  } catch (error) {
    const shown = canBackquote(expression) ? `\`${expression}\`` : quote(expression)
    throw callFailure(`regexp: Compile(${shown}): ${messageOf(error)}`, error)
  }
}

function matching(expression: string, strings: List): readonly string[] {
  const pattern = compiled(expression)
  return textsOf(strings).filter((text) => pattern.test(text))
}

/**
 * The functions of registrator's `-tags`, beside Go's own. `fetched` gives what is at a URL, empty
 * for a request that failed.
 */
export function registratorFunctions(
  fetched: (url: string) => Uint8Array,
): Readonly<Record<string, GoFunction>> {
  return {
    strSlice: variadicFunction([stringType], intType, sliceText),
    sIndex: goFunction([intType, stringsParameter], (index, strings) =>
      elementAt(index, textsOf(strings)),
    ),
    mIndex: goFunction([stringType, stringMapParameter], (key, map) => map.entries.get(key) ?? ''),
    toUpper: goFunction([stringType], upperCased),
    toLower: goFunction([stringType], lowerCased),
    replace: goFunction([intType, stringType, stringType, stringType], replaceFirst),
    join: goFunction([stringType, stringsParameter], (separator, strings) =>
      textsOf(strings).join(separator),
    ),
    split: goFunction([stringType, stringType], (separator, text) =>
      listOf(split(separator, text)),
    ),
    splitIndex: goFunction([intType, stringType, stringType], (index, separator, text) =>
      elementAt(index, split(separator, text)),
    ),
    matchFirstElement: goFunction(
      [stringType, stringsParameter],
      (expression, strings) => matching(expression, strings)[0] ?? '',
    ),
    matchAllElements: goFunction([stringType, stringsParameter], (expression, strings) =>
      listOf(matching(expression, strings)),
    ),
    httpGet: goFunction([stringType], fetched),
    jsonParse: goFunction([bytesType, stringType], jsonAt),
  }
}
