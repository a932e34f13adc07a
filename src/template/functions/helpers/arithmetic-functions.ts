import { callFailure } from '../../go/failure.ts'
import { sprintf } from '../../go/fmt/sprintf.ts'
import { goFunction } from '../../go/functions.ts'
import { anyType, int64Type, uint64Type } from '../../go/types.ts'
import { isA, typeOf } from '../../go/values.ts'
import type { GoFunction, Integer, Value } from '../../go/values.ts'
import type { FunctionSet } from '../function-set.ts'

type Operand =
  | { readonly kind: 'int' | 'uint'; readonly value: bigint }
  | { readonly kind: 'float'; readonly value: number }

const int64 = (value: bigint): Integer => ({
  kind: 'integer',
  type: int64Type,
  value: BigInt.asIntN(64, value),
})

const uint64 = (value: bigint): Integer => ({
  kind: 'integer',
  type: uint64Type,
  value: BigInt.asUintN(64, value),
})

function numberOf(value: Value): Operand | undefined {
  if (typeof value === 'bigint') return { kind: 'int', value }
  if (typeof value === 'number') return { kind: 'float', value }
  if (!isA(value, 'integer')) return undefined
  return { kind: value.type.kind === 'uint' ? 'uint' : 'int', value: value.value }
}

function unknownType(name: string, value: Value): Error {
  const shown = value === null ? '<invalid reflect.Value>' : sprintf('%q', [value])
  const type = value === null ? '<nil>' : typeOf(value).name
  return callFailure(`${name}: unknown type for ${shown} (${type})`)
}

/** Both operands; `b` is the argument written first, and `a` is looked at first. */
function operands(name: string, b: Value, a: Value): { a: Operand; b: Operand } {
  const left = numberOf(a)
  if (left === undefined) throw unknownType(name, a)
  const right = numberOf(b)
  if (right === undefined) throw unknownType(name, b)
  return { a: left, b: right }
}

/** An integer among others: one without a sign is read as one with it, bit by bit. */
const signed = ({ kind, value }: Operand): bigint => {
  const whole = BigInt(value)
  return kind === 'uint' ? BigInt.asIntN(64, whole) : whole
}

type Rules = {
  readonly whole: (a: bigint, b: bigint) => bigint
  /** Undefined: not for floats. */
  readonly real: ((a: number, b: number) => number) | undefined
}

/** `name B A` is `A op B`. Integers wrap at 64 bits; a float makes the result one. */
function arithmetic(name: string, { whole, real }: Rules): GoFunction {
  return goFunction([anyType, anyType], (second, first) => {
    const { a, b } = operands(name, second, first)
    if (a.kind === 'float' || b.kind === 'float') {
      if (real === undefined) throw unknownType(name, a.kind === 'float' ? first : second)
      return real(Number(a.value), Number(b.value))
    }
    if (a.kind === 'uint' && b.kind === 'uint') return uint64(whole(a.value, b.value))
    return int64(whole(signed(a), signed(b)))
  })
}

const exact = (operand: Operand): Integer | number => {
  if (operand.kind === 'float') return operand.value
  return operand.kind === 'uint' ? uint64(operand.value) : int64(operand.value)
}

/** The operand that is chosen, with its type; the first one if neither is. */
function choice(name: string, isChosen: (a: bigint | number, b: bigint | number) => boolean) {
  return goFunction([anyType, anyType], (second, first) => {
    const { a, b } = operands(name, second, first)
    if (a.kind === 'float' || b.kind === 'float') {
      return exact(isChosen(Number(a.value), Number(b.value)) ? a : b)
    }
    const isUnsigned = a.kind === 'uint' && b.kind === 'uint'
    const isFirst = isUnsigned ? isChosen(a.value, b.value) : isChosen(signed(a), signed(b))
    return exact(isFirst ? a : b)
  })
}

const divisor = (value: bigint): bigint => {
  if (value === 0n) throw callFailure('runtime error: integer divide by zero')
  return value
}

/** Functions on numbers. */
export const arithmeticFunctions: FunctionSet = {
  add: arithmetic('add', { whole: (a, b) => a + b, real: (a, b) => a + b }),
  subtract: arithmetic('subtract', { whole: (a, b) => a - b, real: (a, b) => a - b }),
  multiply: arithmetic('multiply', { whole: (a, b) => a * b, real: (a, b) => a * b }),
  divide: arithmetic('divide', { whole: (a, b) => a / divisor(b), real: (a, b) => a / b }),
  modulo: arithmetic('modulo', { whole: (a, b) => a % divisor(b), real: undefined }),
  minimum: choice('minimum', (a, b) => a < b),
  maximum: choice('maximum', (a, b) => a > b),
}
