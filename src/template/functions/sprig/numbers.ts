import { callFailure } from '../../go/failure.ts'
import { sprint } from '../../go/fmt/sprint.ts'
import { goFunction, variadicFunction } from '../../go/functions.ts'
import { anyType, floatType, intType, sliceOf, stringType } from '../../go/types.ts'
import { list } from '../../go/values.ts'
import type { GoFunction, Value } from '../../go/values.ts'
import type { FunctionSet } from '../function-set.ts'
import { checkCount, floatOf, int64, wholeOf } from './convert.ts'
import { decimalAdd, decimalDivide, decimalMultiply, decimalSubtract } from './decimals.ts'

const intSliceType = sliceOf(intType)

/** A function of whole numbers, one after the other. */
const folding = (body: (a: bigint, b: bigint) => bigint): GoFunction =>
  variadicFunction([anyType], anyType, (first, ...others) =>
    int64(
      (others as readonly Value[]).reduce<bigint>(
        (made, other) => BigInt.asIntN(64, body(made, wholeOf(other))),
        wholeOf(first),
      ),
    ),
  )

const ofTwo = (body: (a: bigint, b: bigint) => bigint): GoFunction =>
  goFunction([anyType, anyType], (a, b) => int64(body(wholeOf(a), wholeOf(b))))

/** A function of floats, one after the other. */
const foldingFloats = (body: (a: number, b: number) => number): GoFunction =>
  variadicFunction([anyType], anyType, (first, ...others) =>
    (others as readonly Value[]).map(floatOf).reduce(body, floatOf(first)),
  )

const ofFloat = (body: (value: number) => number): GoFunction =>
  goFunction([anyType], (value) => body(floatOf(value)))

function divisor(value: bigint): bigint {
  if (value === 0n) throw callFailure('runtime error: integer divide by zero')
  return value
}

const greatest = folding((a, b) => (b > a ? b : a))

/** The numbers from a start up or down to before an end. */
function range(name: string, start: bigint, end: bigint, step: bigint): readonly bigint[] {
  const isBackwards = end < start
  if (isBackwards ? step >= 0n : step <= 0n) return []
  const count = (end - start + step + (isBackwards ? 1n : -1n)) / step
  checkCount(name, count)
  return Array.from({ length: Number(count) }, (_, index) => start + BigInt(index) * step)
}

/** As the shell's seq counts: `seq LAST`, `seq FIRST LAST` or `seq FIRST STEP LAST`. */
function sequence(numbers: readonly bigint[]): string {
  const [first = 0n, second = 0n, third = 0n] = numbers
  if (numbers.length === 0 || numbers.length > 3) return ''
  const start = numbers.length === 1 ? 1n : first
  const end = [0n, first, second, third][numbers.length] ?? 0n
  const direction = end < start ? -1n : 1n
  const step = numbers.length === 3 ? second : direction
  if (end < start && step > 0n) return ''
  return range('seq', start, end + direction, step).join(' ')
}

function round(value: number, places: number, roundOn: number): number {
  const power = 10 ** places
  const scaled = power * value
  const isUp = scaled - Math.trunc(scaled) >= roundOn
  return (isUp ? Math.ceil(scaled) : Math.floor(scaled)) / power
}

/** A number written in octal digits; 0 for anything else. */
function octal(value: Value): bigint {
  const [, sign = '', digits] = /^([-+]?)([0-7]+)$/.exec(sprint([value])) ?? []
  if (digits === undefined || digits.length > 10_000) return 0n
  const number = BigInt(`${sign === '-' ? '-' : ''}${BigInt(`0o${digits}`)}`)
  return BigInt.asIntN(64, number) === number ? number : 0n
}

/** A decimal number; out of range it is the nearest there is, and what is no number is 0. */
function atoi(text: string): bigint {
  if (!/^[-+]?[0-9]+$/.test(text)) return 0n
  const digits = text.replace(/^[-+]?0*/, '')
  const limit = 2n ** 63n
  const isHuge = digits.length > 19
  if (text.startsWith('-')) {
    const value = isHuge ? -limit : -BigInt(digits || '0')
    return value < -limit ? -limit : value
  }
  const value = isHuge ? limit : BigInt(digits || '0')
  return value >= limit ? limit - 1n : value
}

/** Numbers; texts and booleans count as the numbers they hold. */
export const numberFunctions: FunctionSet = {
  add1: goFunction([anyType], (value) => int64(wholeOf(value) + 1n)),
  add: variadicFunction([], anyType, (...values) =>
    int64((values as readonly Value[]).reduce<bigint>((sum, value) => sum + wholeOf(value), 0n)),
  ),
  sub: ofTwo((a, b) => a - b),
  div: ofTwo((a, b) => a / divisor(b)),
  mod: ofTwo((a, b) => a % divisor(b)),
  mul: folding((a, b) => a * b),
  max: greatest,
  biggest: greatest,
  min: folding((a, b) => (b < a ? b : a)),
  add1f: ofFloat((value) => decimalAdd(value, [1])),
  addf: variadicFunction([], anyType, (...values) =>
    decimalAdd(0, (values as readonly Value[]).map(floatOf)),
  ),
  subf: variadicFunction([anyType], anyType, (first, ...others) =>
    decimalSubtract(floatOf(first), (others as readonly Value[]).map(floatOf)),
  ),
  mulf: variadicFunction([anyType], anyType, (first, ...others) =>
    decimalMultiply(floatOf(first), (others as readonly Value[]).map(floatOf)),
  ),
  divf: variadicFunction([anyType], anyType, (first, ...others) =>
    decimalDivide(floatOf(first), (others as readonly Value[]).map(floatOf)),
  ),
  maxf: foldingFloats((a, b) => Math.max(a, b)),
  minf: foldingFloats((a, b) => Math.min(a, b)),
  floor: ofFloat(Math.floor),
  ceil: ofFloat(Math.ceil),
  round: variadicFunction([anyType, intType], floatType, (value, places, ...options) => {
    const [roundOn = 0.5] = options as readonly number[]
    return round(floatOf(value), Number(places), roundOn)
  }),
  until: goFunction([intType], (end) =>
    list(intSliceType, range('until', 0n, end, end < 0n ? -1n : 1n)),
  ),
  untilStep: goFunction([intType, intType, intType], (start, end, step) =>
    list(intSliceType, range('untilStep', start, end, step)),
  ),
  seq: variadicFunction([], intType, (...numbers) => sequence(numbers as readonly bigint[])),
  int: goFunction([anyType], wholeOf),
  int64: goFunction([anyType], (value) => int64(wholeOf(value))),
  float64: goFunction([anyType], floatOf),
  atoi: goFunction([stringType], atoi),
  toDecimal: goFunction([anyType], (value) => int64(octal(value))),
}
