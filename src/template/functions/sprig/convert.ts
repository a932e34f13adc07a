import { textOfBytes } from '../../go/byte-text.ts'
import { callFailure } from '../../go/failure.ts'
import { sprint } from '../../go/fmt/sprint.ts'
import { anyMapType, anySliceType, int64Type, stringSliceType, uint8Type } from '../../go/types.ts'
import type { GoType, MapType } from '../../go/types.ts'
import { goMap, isA, list, reflect, typeOf, valueOf } from '../../go/values.ts'
import type { GoMap, Integer, List, MapKey, Value } from '../../go/values.ts'

/** How many items a list may have that a function makes out of a number. */
export const greatestCount = 1_000_000

/** A parameter of type `map[string]interface {}`, which is what Sprig calls a dict. */
export const dictParameter = anyMapType as MapType<GoMap>

export const anyList = (items: readonly Value[]): List => list(anySliceType, items)
export const textList = (texts: readonly string[]): List => list(stringSliceType, texts)
export const dictOf = (entries: Iterable<readonly [MapKey, Value]>): GoMap =>
  goMap(anyMapType, entries)

/** An `int64`, wrapped around at 64 bits. */
export const int64 = (value: bigint): Integer => ({
  kind: 'integer',
  type: int64Type,
  value: BigInt.asIntN(64, value),
})

export const nilDereference = (): Error =>
  callFailure('runtime error: invalid memory address or nil pointer dereference')

/** A value as Sprig's `toString` writes it. */
export function textOf(value: Value): string {
  if (typeof value === 'string') return value
  return value instanceof Uint8Array ? textOfBytes(value) : sprint([value])
}

/** What is in a list of any type; undefined for what is no list. */
export function itemsOf(value: Value): readonly Value[] | undefined {
  if (value instanceof Uint8Array) {
    return Array.from(value, (byte) => ({
      kind: 'integer',
      type: uint8Type,
      value: BigInt(byte),
    }))
  }
  if (!isA(value, 'list')) return undefined
  return value.items.map((item) => valueOf(reflect(item, value.type.element)))
}

/** As Go's reflect names the kind of a value: `int`, `slice`, `ptr`, … */
export function kindOf(value: Value): string {
  if (value === null) return 'invalid'
  const type: GoType = typeOf(value)
  if (type.kind === 'pointer') return 'ptr'
  if (type.kind === 'function') return 'func'
  const isNumber = ['int', 'uint', 'float', 'complex'].includes(type.kind)
  return isNumber ? type.name : type.kind
}

/** The texts of a list's items without nil; of anything else its own text. */
export function textsOf(value: Value): readonly string[] {
  const items = itemsOf(value) ?? [value]
  return items.filter((item) => item !== null).map(textOf)
}

const wholeNumber =
  /^[-+]?(?:0[xX](?:_?[0-9a-fA-F])+|0[bB](?:_?[01])+|0[oO]?(?:_?[0-7])+|0|[1-9](?:_?[0-9])*)$/

/** A number written as in Go's source; undefined for what is none or has more than 64 bits. */
function wholeIn(text: string): bigint | undefined {
  if (!wholeNumber.test(text)) return undefined
  const digits = text.replace(/^[-+]/, '').replaceAll('_', '').toLowerCase()
  const magnitude = BigInt(/^0[0-7]/.test(digits) ? `0o${digits.slice(1)}` : digits)
  const value = text.startsWith('-') ? -magnitude : magnitude
  return BigInt.asIntN(64, value) === value ? value : undefined
}

/** A float cut to a whole number; what does not fit is the least one, as on amd64. */
function truncated(value: number): bigint {
  const isInRange = value > -(2 ** 63) && value < 2 ** 63
  return isInRange ? BigInt(Math.trunc(value)) : -(2n ** 63n)
}

/** A value as an `int64`, 0 for what is none. */
export function wholeOf(value: Value): bigint {
  if (typeof value === 'bigint') return value
  if (typeof value === 'number') return truncated(value)
  if (typeof value === 'boolean') return value ? 1n : 0n
  if (typeof value === 'string') return wholeIn(value.replace(/\.0*$/, '')) ?? 0n
  if (isA(value, 'integer')) return BigInt.asIntN(64, value.value)
  return isA(value, 'pointer') ? wholeOf(value.target) : 0n
}

const decimalNumber = /^[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?$/

function floatIn(text: string): number {
  const word = /^([-+]?)(?:(inf|infinity)|nan)$/i.exec(text)
  if (word !== null) {
    if (word[2] === undefined) return word[1] === '' ? NaN : 0
    return word[1] === '-' ? -Infinity : Infinity
  }
  return decimalNumber.test(text) ? Number(text) : 0
}

/** A value as a `float64`, 0 for what is none. */
export function floatOf(value: Value): number {
  if (typeof value === 'number') return value
  if (typeof value === 'bigint') return Number(value)
  if (typeof value === 'boolean') return value ? 1 : 0
  if (typeof value === 'string') return floatIn(value)
  if (isA(value, 'integer')) return Number(value.value)
  return isA(value, 'pointer') ? floatOf(value.target) : 0
}

/** Refuses a list that would become too long. */
export function checkCount(name: string, count: bigint | number): void {
  if (count > greatestCount) throw callFailure(`${name}: more than ${greatestCount} items`)
}
