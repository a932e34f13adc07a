import { uint64Type } from '../../go/types.ts'
import type { Value } from '../../go/values.ts'

/*
 * What plain texts mean in YAML 1.1, as the Go package yaml.v2 has it: yes and on are booleans, 010
 * is octal, 1_000 a number.
 */

/** How YAML calls the type of a scalar. */
export type ScalarTag = 'null' | 'bool' | 'int' | 'float' | 'timestamp' | 'merge' | 'str'

export type Scalar = { readonly tag: ScalarTag; readonly value: Value }

const words = new Map<string, Scalar>()

function add(tag: ScalarTag, value: Value, texts: string): void {
  for (const text of texts.split(' ')) words.set(text, { tag, value })
}

add('null', null, ' ~ null Null NULL')
add('bool', true, 'y Y yes Yes YES true True TRUE on On ON')
add('bool', false, 'n N no No NO false False FALSE off Off OFF')
add('float', NaN, '.nan .NaN .NAN')
add('float', Infinity, '.inf .Inf .INF +.inf +.Inf +.INF')
add('float', -Infinity, '-.inf -.Inf -.INF')
add('merge', '<<', '<<')

const wholeNumber = /^([-+]?)(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9][0-9]*)$/
const float = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/
const timestamp =
  /^(?<year>[0-9]{4})-(?<month>[0-9]{1,2})-(?<day>[0-9]{1,2})(?:(?:[Tt](?<time>[0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2})(?:\.[0-9]+)?(?:Z|[-+][0-9]{2}:[0-9]{2}))| (?<local>[0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2})(?:\.[0-9]+)?)?$/
const base60Number = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/

const greatestInt = 2n ** 63n - 1n
const greatestUint = 2n ** 64n - 1n

function integer(text: string): Value | undefined {
  const [, sign = '', digits] = wholeNumber.exec(text) ?? []
  if (digits === undefined) return undefined
  const isOldOctal = /^0[0-7]/.test(digits)
  const magnitude = BigInt(isOldOctal ? `0o${digits.slice(1)}` : digits.toLowerCase())
  if (sign === '-') return magnitude <= greatestInt + 1n ? -magnitude : undefined
  if (magnitude <= greatestInt) return magnitude
  const isUint = sign === '' && magnitude <= greatestUint
  return isUint ? { kind: 'integer', type: uint64Type, value: magnitude } : undefined
}

/** The days of a month of a year; months count from 1. */
const daysOf = (year: number, month: number): number =>
  new Date(Date.UTC(year, month, 0)).getUTCDate()

function isTimestamp(text: string): boolean {
  const groups = timestamp.exec(text)?.groups
  if (groups === undefined) return false
  const [year, month, day] = [Number(groups.year), Number(groups.month), Number(groups.day)]
  if (month < 1 || month > 12 || day < 1 || day > daysOf(year, month)) return false
  const [hour = 0, minute = 0, second = 0] = (groups.time ?? groups.local ?? '0')
    .split(':')
    .map(Number)
  return hour < 24 && minute < 60 && second < 60
}

function numberIn(text: string): Scalar | undefined {
  if (isTimestamp(text)) return { tag: 'timestamp', value: text }
  const plain = text.replaceAll('_', '')
  const whole = integer(plain)
  if (whole !== undefined) return { tag: 'int', value: whole }
  const value = float.test(plain) ? Number(plain) : Infinity
  return Number.isFinite(value) ? { tag: 'float', value } : undefined
}

/** What a plain text means. */
export function plainScalar(text: string): Scalar {
  const known = words.get(text)
  if (known !== undefined) return known
  return (/^[-+.0-9]/.test(text) ? numberIn(text) : undefined) ?? { tag: 'str', value: text }
}

/** Whether a text must be quoted to be a string, also for readers that know numbers to base 60. */
export function readsAsOther(text: string): boolean {
  return plainScalar(text).tag !== 'str' || base60Number.test(text)
}
