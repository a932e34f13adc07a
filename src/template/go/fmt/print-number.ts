import { quoteRune } from '../quote.ts'
import { characterOf, isValidRune, replacementRune, unicodeName } from '../unicode.ts'
import type { Complex } from '../values.ts'
import { fillsWithZeros, pad, padWithSpaces } from './flags.ts'
import type { Flags } from './flags.ts'
import { formatFloat } from './float-format.ts'
import type { FloatVerb } from './float-format.ts'

const bases: Readonly<Record<string, number>> = { v: 10, d: 10, b: 2, o: 8, O: 8, x: 16, X: 16 }
const prefixes: Readonly<Record<string, string>> = { b: '0b', x: '0x', X: '0X' }

const asUnsigned = (value: bigint): bigint => BigInt.asUintN(64, value)

/** The code point of an integer; U+FFFD for what is none. */
function runeOf(value: bigint): number {
  const codePoint = Number(asUnsigned(value))
  return isValidRune(codePoint) ? codePoint : replacementRune
}

/** An integer in the format of a verb; undefined if the verb is none for integers. */
export function printInteger(
  value: bigint,
  isSigned: boolean,
  verb: string,
  flags: Flags,
): string | undefined {
  if (verb === 'v' && flags.isSharpV && !isSigned) {
    return inBase(value, 'x', { ...flags, isSharp: true })
  }
  if (verb in bases) return inBase(value, verb, flags)
  switch (verb) {
    case 'c':
      return pad(characterOf(runeOf(value)), flags)
    case 'q':
      return pad(quoteRune(runeOf(value), { isAscii: flags.isPlus }), flags)
    case 'U': {
      const digits = Math.max(4, flags.precision ?? 0)
      return padWithSpaces(unicodeName(asUnsigned(value), flags.isSharp, digits), flags)
    }
    default:
      return undefined
  }
}

function signOf(isNegative: boolean, { isPlus, isSpace }: Flags): string {
  if (isNegative) return '-'
  if (isPlus) return '+'
  return isSpace ? ' ' : ''
}

function inBase(value: bigint, verb: string, flags: Flags): string {
  const { precision, width } = flags
  // A precision of 0 prints nothing of a 0 but its padding.
  if (precision === 0 && value === 0n) return padWithSpaces('', flags)
  const sign = signOf(value < 0n, flags)
  let least = precision ?? 0
  if (precision === undefined && fillsWithZeros(flags)) least = (width ?? 0) - sign.length
  let digits = (value < 0n ? -value : value).toString(bases[verb] ?? 10)
  if (verb === 'X') digits = digits.toUpperCase()
  digits = digits.padStart(least, '0')
  if (flags.isSharp) digits = withPrefix(digits, verb)
  if (verb === 'O') digits = `0o${digits}`
  return padWithSpaces(sign + digits, flags)
}

function withPrefix(digits: string, verb: string): string {
  if (verb === 'o' || verb === 'O') return digits.startsWith('0') ? digits : `0${digits}`
  return (prefixes[verb] ?? '') + digits
}

const floatVerbs: Readonly<Record<string, { verb: FloatVerb; precision: number }>> = {
  v: { verb: 'g', precision: -1 },
  b: { verb: 'b', precision: -1 },
  g: { verb: 'g', precision: -1 },
  G: { verb: 'G', precision: -1 },
  x: { verb: 'x', precision: -1 },
  X: { verb: 'X', precision: -1 },
  e: { verb: 'e', precision: 6 },
  E: { verb: 'E', precision: 6 },
  f: { verb: 'f', precision: 6 },
  F: { verb: 'f', precision: 6 },
}

/** A float in the format of a verb; undefined if the verb is none for floats. */
export function printFloat(value: number, verb: string, flags: Flags): string | undefined {
  const format = floatVerbs[verb]
  if (format === undefined) return undefined
  const precision = flags.precision ?? format.precision
  const plain = formatFloat(value, format.verb, precision)
  let text = /^[+-]/.test(plain) ? plain : `+${plain}`
  if (flags.isSpace && text.startsWith('+') && !flags.isPlus) text = ` ${text.slice(1)}`
  // Infinity always has a sign; NaN only when a flag asks for one. Zeros never fill them up.
  if (!Number.isFinite(value)) {
    const isBare = Number.isNaN(value) && !flags.isSpace && !flags.isPlus
    return padWithSpaces(isBare ? text.slice(1) : text, flags)
  }
  if (flags.isSharp && verb !== 'b') text = withPoint(text, verb, precision)
  if (isHiddenPlus(text, flags)) return pad(text.slice(1), flags)
  const missing = (flags.width ?? 0) - text.length
  if (!fillsWithZeros(flags) || missing <= 0) return pad(text, flags)
  return text.charAt(0) + '0'.repeat(missing) + text.slice(1)
}

const isHiddenPlus = (text: string, flags: Flags): boolean => text.startsWith('+') && !flags.isPlus

/** The `#` flag: always a decimal point, and for %g the zeros behind it. */
function withPoint(signed: string, verb: string, precision: number): string {
  const isHex = verb === 'x' || verb === 'X'
  const tailAt = signed.search(isHex ? /[pP]/ : /[eE]/)
  const head = tailAt < 0 ? signed : signed.slice(0, tailAt)
  const tail = tailAt < 0 ? '' : signed.slice(tailAt)
  let digits = 0
  if (['v', 'g', 'G', 'x'].includes(verb)) digits = precision < 0 ? 6 : precision
  const significant = head.slice(1).replace('.', '').replace(/^0+/, '')
  digits -= significant.length
  let body = head
  if (!head.includes('.')) {
    if (head.length === 2 && head.endsWith('0')) digits--
    body += '.'
  }
  return body + '0'.repeat(Math.max(0, digits)) + tail
}

/** A complex number: (1+2i). */
export function printComplex(value: Complex, verb: string, flags: Flags): string | undefined {
  const real = printFloat(value.real, verb, flags)
  const imag = printFloat(value.imag, verb, { ...flags, isPlus: true })
  return real === undefined || imag === undefined ? undefined : `(${real}${imag}i)`
}
