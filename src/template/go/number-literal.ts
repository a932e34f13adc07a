import { quote } from './quote.ts'
import type { Complex } from './values.ts'

/**
 * A numeric constant of a template. It has no type of its own: it may be all of these that the
 * number can be, and takes the type of the parameter it is given to.
 */
export type NumberLiteral = {
  /** As written. */
  readonly text: string
  readonly int: bigint | undefined
  readonly uint: bigint | undefined
  readonly float: number | undefined
  readonly complex: Complex | undefined
}

const leastInt = -(2n ** 63n)
const greatestInt = 2n ** 63n - 1n
const greatestUint = 2n ** 64n - 1n

export const fitsInt = (value: bigint): boolean => value >= leastInt && value <= greatestInt
const fitsUint = (value: bigint): boolean => value >= 0n && value <= greatestUint

/** Reading a number takes time that grows with the square of its length. */
const mostCharacters = 1000

const integerSyntax =
  /^([+-]?)(0[xX](?:_?[0-9a-fA-F])+|0[bB](?:_?[01])+|0[oO]?(?:_?[0-7])+|0|[1-9](?:_?[0-9])*)$/
const decimalSyntax =
  /^[+-]?(?:\d(?:_?\d)*\.?(?:\d(?:_?\d)*)?|\.\d(?:_?\d)*)(?:[eE][+-]?\d(?:_?\d)*)?$/
const hexFloatSyntax =
  /^([+-]?)0[xX]_?((?:[0-9a-fA-F](?:_?[0-9a-fA-F])*)?)\.?((?:[0-9a-fA-F](?:_?[0-9a-fA-F])*)?)[pP]([+-]?\d+)$/

/** An integer as Go's constants are written, of any size; undefined if it is none. */
export function parseInteger(text: string): bigint | undefined {
  const [, sign, body] = integerSyntax.exec(text) ?? []
  if (body === undefined) return undefined
  const digits = body.replaceAll('_', '')
  const value = BigInt(/^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits)
  return sign === '-' ? -value : value
}

/** A float as Go's constants are written; undefined if it is none or too large. */
export function parseFloat64(text: string): number | undefined {
  const value = decimalSyntax.test(text) ? Number(text.replaceAll('_', '')) : parseHexFloat(text)
  return value !== undefined && Number.isFinite(value) ? value : undefined
}

function parseHexFloat(text: string): number | undefined {
  const [, sign, whole = '', fraction = '', exponent = ''] = hexFloatSyntax.exec(text) ?? []
  if (whole === '' && fraction === '') return undefined
  const digits = (whole + fraction).replaceAll('_', '')
  const places = fraction.replaceAll('_', '').length
  const value = Number(BigInt(`0x${digits}`)) * 2 ** (Number(exponent) - 4 * places)
  return sign === '-' ? -value : value
}

const wholeOf = (value: number): bigint | undefined =>
  Number.isInteger(value) ? BigInt(value) : undefined

const within = (value: bigint | undefined, fits: (value: bigint) => boolean): bigint | undefined =>
  value !== undefined && fits(value) ? value : undefined

function ofFloat(text: string, float: number, complex?: Complex): NumberLiteral {
  const whole = wholeOf(float)
  return { text, int: within(whole, fitsInt), uint: within(whole, fitsUint), float, complex }
}

function ofComplex(text: string, real: number, imag: number): NumberLiteral {
  const complex: Complex = { kind: 'complex', real, imag }
  if (imag === 0) return ofFloat(text, real, complex)
  return { text, int: undefined, uint: undefined, float: undefined, complex }
}

/** A pair such as `1+2i`. */
function parsePair(text: string): NumberLiteral | undefined {
  const [, first = '', second = ''] = /^(.*[^eEpP])([+-].+)i$/.exec(text) ?? []
  const real = parseFloat64(first)
  const imag = parseFloat64(second)
  return real === undefined || imag === undefined ? undefined : ofComplex(text, real, imag)
}

/** The meaning of a rune constant: its code point, which may also serve as a float. */
export function runeLiteral(text: string, codePoint: number): NumberLiteral {
  const value = BigInt(codePoint)
  return { text, int: value, uint: value, float: codePoint, complex: undefined }
}

/** Reads a number; a reason in Go's words when it is none. */
export function parseNumber(text: string, isPair: boolean): NumberLiteral | { wrong: string } {
  if (text.length > mostCharacters) return { wrong: 'number of too many characters' }
  if (isPair) return parsePair(text) ?? { wrong: 'expected complex' }
  if (text.endsWith('i')) {
    const imag = parseFloat64(text.slice(0, -1))
    if (imag !== undefined) return ofComplex(text, 0, imag)
  }
  const whole = parseInteger(text)
  const int = within(whole, fitsInt)
  // A sign keeps a number from being unsigned, except for zero.
  const uint = whole === 0n || !/^[+-]/.test(text) ? within(whole, fitsUint) : undefined
  if (int !== undefined || uint !== undefined) {
    return { text, int, uint, float: Number(int ?? uint), complex: undefined }
  }
  const float = parseFloat64(text)
  if (float === undefined) return { wrong: `illegal number syntax: ${quote(text)}` }
  if (!/[.eEpP]/.test(text)) return { wrong: `integer overflow: ${quote(text)}` }
  return ofFloat(text, float)
}
