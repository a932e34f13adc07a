import { callFailure } from '../../go/failure.ts'
import { goFunction } from '../../go/functions.ts'
import { quote } from '../../go/quote.ts'
import { int64Type, stringType, uint64Type } from '../../go/types.ts'
import type { BasicType } from '../../go/types.ts'
import type { Integer } from '../../go/values.ts'
import type { FunctionSet } from '../function-set.ts'
import { floatOf } from './float-text.ts'

type Mistake = 'invalid syntax' | 'value out of range'

const mistake = (name: string, text: string, what: Mistake) =>
  callFailure(`${name}: strconv.${name.replace(/^p/, 'P')}: parsing ${quote(text)}: ${what}`)

const truths = new Set(['1', 't', 'T', 'TRUE', 'true', 'True'])
const falsehoods = new Set(['', '0', 'f', 'F', 'FALSE', 'false', 'False'])

function parseBool(text: string): boolean {
  if (truths.has(text)) return true
  if (falsehoods.has(text)) return false
  throw mistake('parseBool', text, 'invalid syntax')
}

/** More digits than any number of 64 bits has, leading zeros aside. */
const mostDigits = 20

/** A decimal number of 64 bits; 0 for an empty text. */
function wholeOf(name: string, text: string, type: BasicType, syntax: RegExp): Integer {
  if (text === '') return { kind: 'integer', type, value: 0n }
  const [, sign = '', digits] = syntax.exec(text) ?? []
  if (digits === undefined) throw mistake(name, text, 'invalid syntax')
  const significant = digits.replace(/^0+/, '')
  const size = significant.length > mostDigits ? undefined : BigInt(significant)
  const value = sign === '-' && size !== undefined ? -size : size
  const fitted =
    type.kind === 'int' ? BigInt.asIntN(64, value ?? 0n) : BigInt.asUintN(64, value ?? 0n)
  if (value === undefined || fitted !== value) throw mistake(name, text, 'value out of range')
  return { kind: 'integer', type, value }
}

/** As the template functions `parseInt` and `loop` read integers. */
export function parseInt64(text: string): Integer {
  return wholeOf('parseInt', text, int64Type, /^([+-]?)(\d+)$/)
}

function parseFloat(text: string): number {
  if (text === '') return 0
  const value = floatOf(text)
  if (typeof value === 'number') return value
  throw mistake('parseFloat', text, value)
}

/** Functions that make booleans and numbers of texts. */
export const parseFunctions: FunctionSet = {
  parseBool: goFunction([stringType], parseBool),
  parseInt: goFunction([stringType], parseInt64),
  parseUint: goFunction([stringType], (text) =>
    wholeOf('parseUint', text, uint64Type, /^()(\d+)$/),
  ),
  parseFloat: goFunction([stringType], parseFloat),
}
