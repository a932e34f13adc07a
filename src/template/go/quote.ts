import { isInvalidByte } from './byte-text.ts'
import { characterOf, isPrintable, isValidRune } from './unicode.ts'

const shortEscapes: Readonly<Record<string, string>> = {
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
}

export type QuoteOptions = {
  /** Only ASCII in the result; everything else is escaped. */
  readonly isAscii?: boolean
}

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0')

function quotedRune(character: string, quote: string, options: QuoteOptions): string {
  const codePoint = character.codePointAt(0) ?? 0
  if (character === quote) return `\\${quote}`
  const short = shortEscapes[character]
  if (short !== undefined) return short
  if (isInvalidByte(codePoint)) return `\\x${hex(codePoint & 0xff, 2)}`
  if (codePoint < 0x20 || codePoint === 0x7f) return `\\x${hex(codePoint, 2)}`
  if (!isValidRune(codePoint)) return '\\ufffd'
  if (codePoint < 0x7f) return character
  if (options.isAscii !== true && isPrintable(character)) return character
  return codePoint < 0x10000 ? `\\u${hex(codePoint, 4)}` : `\\U${hex(codePoint, 8)}`
}

/** What may have to be written otherwise between double quotes: all but plain ASCII. */
// oxlint-disable-next-line no-control-regex
const notPlain = /[\0-\x1f"\\\x7f]|[^\0-\x7f]/gu

/** A text as a Go string constant in double quotes (strconv.Quote). */
export function quote(text: string, options: QuoteOptions = {}): string {
  return `"${text.replaceAll(notPlain, (character) => quotedRune(character, '"', options))}"`
}

/** A code point as a Go rune constant in single quotes (strconv.QuoteRune). */
export function quoteRune(codePoint: number, options: QuoteOptions = {}): string {
  return `'${quotedRune(characterOf(codePoint), "'", options)}'`
}

/** Whether a text can stand between back quotes: one line, no back quote, no control character. */
export function canBackquote(text: string): boolean {
  for (const character of text) {
    const codePoint = character.codePointAt(0) ?? 0
    const isControl = (codePoint < 0x20 && character !== '\t') || codePoint === 0x7f
    if (isControl || character === '`' || codePoint === 0xfeff || isInvalidByte(codePoint)) {
      return false
    }
  }
  return true
}
