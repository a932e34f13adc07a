import { binaryParts, roundedDecimal, shortestDecimal } from './float-decimal.ts'
import type { Decimal } from './float-decimal.ts'

export type FloatVerb = 'b' | 'e' | 'E' | 'f' | 'g' | 'G' | 'x' | 'X'

/** From 10^this on, %g without a precision writes an exponent. */
const shortestExponentLimit = 6
const leastPlainExponent = -4

const signOf = (value: number): string => (value < 0 || Object.is(value, -0) ? '-' : '')

function exponentText(letter: string, exponent: number): string {
  const digits = String(Math.abs(exponent)).padStart(2, '0')
  return `${letter}${exponent < 0 ? '-' : '+'}${digits}`
}

function scientific({ digits, point }: Decimal, places: number, letter: string): string {
  const first = digits.charAt(0) || '0'
  const rest = digits.slice(1).padEnd(places, '0').slice(0, places)
  const exponent = digits === '' ? 0 : point - 1
  return `${first}${places > 0 ? `.${rest}` : ''}${exponentText(letter, exponent)}`
}

function plain({ digits, point }: Decimal, places: number): string {
  const whole = point > 0 ? digits.slice(0, point).padEnd(point, '0') : '0'
  if (places <= 0) return whole
  const zeros = '0'.repeat(Math.max(0, Math.min(-point, places)))
  const fraction = (zeros + digits.slice(Math.max(0, point))).padEnd(places, '0')
  return `${whole}.${fraction.slice(0, places)}`
}

function general(value: number, precision: number, letter: string): string {
  const isShortest = precision < 0
  const wanted = precision === 0 ? 1 : precision
  const decimal = isShortest ? shortestDecimal(value) : roundedDecimal(value, () => wanted)
  const count = decimal.digits.length
  let limit = wanted
  if (limit > count && count >= decimal.point) limit = count
  if (isShortest) limit = shortestExponentLimit
  const exponent = decimal.point - 1
  if (exponent < leastPlainExponent || exponent >= limit) {
    return scientific(decimal, Math.max(count, 1) - 1, letter)
  }
  return plain(decimal, Math.max(count - decimal.point, 0))
}

/** Mantissa and exponent of two in decimal: 4503599627370496p-52. */
function binary(value: number): string {
  const { mantissa, exponent } = binaryParts(value)
  return `${mantissa}p${exponent < 0 ? '' : '+'}${exponent}`
}

/** A hexadecimal mantissa with one digit before the point: 0x1.8p+01. */
function hexadecimal(value: number, precision: number): string {
  let { mantissa, exponent } = binaryParts(value)
  if (mantissa === 0n) {
    return `0x0${precision > 0 ? `.${'0'.repeat(precision)}` : ''}p+00`
  }
  while (mantissa < 1n << 52n) {
    mantissa <<= 1n
    exponent--
  }
  if (precision >= 0 && precision < 13) {
    const dropped = BigInt((13 - precision) * 4)
    const half = 1n << (dropped - 1n)
    const rest = mantissa & ((1n << dropped) - 1n)
    mantissa >>= dropped
    if (rest > half || (rest === half && (mantissa & 1n) === 1n)) mantissa++
    mantissa <<= dropped
    if (mantissa >= 1n << 53n) {
      mantissa >>= 1n
      exponent++
    }
  }
  const fraction = (mantissa & ((1n << 52n) - 1n)).toString(16).padStart(13, '0')
  const shown =
    precision < 0
      ? fraction.replace(/0+$/, '')
      : fraction.padEnd(precision, '0').slice(0, precision)
  return `0x1${shown === '' ? '' : `.${shown}`}${exponentText('p', exponent + 52)}`
}

function unsigned(value: number, verb: FloatVerb, precision: number): string {
  switch (verb) {
    case 'b':
      return binary(value)
    case 'x':
      return hexadecimal(value, precision)
    case 'X':
      return hexadecimal(value, precision).toUpperCase()
    case 'g':
      return general(value, precision, 'e')
    case 'G':
      return general(value, precision, 'E')
    case 'e':
    case 'E': {
      if (precision >= 0) {
        return scientific(
          roundedDecimal(value, () => precision + 1),
          precision,
          verb,
        )
      }
      const decimal = shortestDecimal(value)
      return scientific(decimal, Math.max(decimal.digits.length - 1, 0), verb)
    }
    case 'f':
      break
  }
  if (precision >= 0) {
    const rounded = roundedDecimal(value, (point) => point + precision)
    return plain(rounded, precision)
  }
  const decimal = shortestDecimal(value)
  return plain(decimal, Math.max(decimal.digits.length - decimal.point, 0))
}

/**
 * A `float64` in the format of a fmt verb. A precision of -1 gives the fewest digits that read back
 * as the same number. NaN, +Inf and -Inf as Go writes them; others have a sign only when negative.
 */
export function formatFloat(value: number, verb: FloatVerb, precision: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value < 0 ? '-Inf' : '+Inf'
  return signOf(value) + unsigned(value, verb, precision)
}
