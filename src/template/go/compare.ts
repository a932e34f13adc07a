import { compareBytes } from './byte-text.ts'
import { callFailure } from './failure.ts'
import { refuseLong } from './fmt/extent.ts'
import { printReflected, show } from './fmt/print-value.ts'
import { noFlags } from './fmt/flags.ts'
import { defaultLimits } from './limits.ts'
import { isA, typeOf, unboxed } from './values.ts'
import type { Complex, Concrete, Reflected } from './values.ts'

type Basic =
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'int' | 'uint'; readonly value: bigint }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'complex'; readonly value: Complex }
  | { readonly kind: 'string'; readonly value: string }

const incompatible = () => callFailure('incompatible types for comparison')
const invalid = () => callFailure('invalid type for comparison')

/** A value of a type that can be compared by its kind; undefined for lists, maps, nil, … */
function basicOf(value: Concrete | undefined): Basic | undefined {
  if (typeof value === 'boolean') return { kind: 'bool', value }
  if (typeof value === 'bigint') return { kind: 'int', value }
  if (typeof value === 'number') return { kind: 'float', value }
  if (typeof value === 'string') return { kind: 'string', value }
  if (isA(value, 'complex')) return { kind: 'complex', value }
  if (!isA(value, 'integer')) return undefined
  return { kind: value.type.kind === 'uint' ? 'uint' : 'int', value: value.value }
}

const isInteger = (basic: Basic): basic is Extract<Basic, { value: bigint }> =>
  basic.kind === 'int' || basic.kind === 'uint'

function areEqual(a: Basic, b: Basic): boolean {
  if (isInteger(a) && isInteger(b)) return a.value === b.value
  if (a.kind !== b.kind) throw incompatible()
  if (a.kind === 'complex' && b.kind === 'complex') {
    return a.value.real === b.value.real && a.value.imag === b.value.imag
  }
  return a.value === b.value
}

const isNil = (value: Concrete | undefined): boolean =>
  value === undefined || (isA(value, 'pointer') && value.target === null)

/** Lists may be far larger, printed, than they are in memory. */
const refuseEndless = (value: Concrete): void => refuseLong(value, noFlags, defaultLimits.textBytes)

const withVerb = (value: Concrete): string => {
  refuseEndless(value)
  return printReflected(value, 's', noFlags, 0)
}

const plainly = (value: Concrete): string => {
  refuseEndless(value)
  return show(value)
}

/** Equality of values of which at most one has a basic type. */
function areSame(a: Concrete | undefined, b: Concrete | undefined): boolean {
  if (isNil(a) || isNil(b) || a === undefined || b === undefined) return isNil(a) && isNil(b)
  const [typeA, typeB] = [typeOf(a), typeOf(b)]
  if (typeA.kind !== typeB.kind) {
    throw callFailure(
      `non-comparable types ${withVerb(a)}: ${typeA.name}, ${typeB.name}: ${plainly(b)}`,
    )
  }
  if (['slice', 'map', 'function'].includes(typeB.kind)) {
    throw callFailure(`non-comparable type ${withVerb(b)}: ${typeB.name}`)
  }
  return a === b
}

/** Go's `eq`: whether the first value equals any of the others. Throws for types that do not fit. */
export function equalsAny(first: Reflected, others: readonly Reflected[]): boolean {
  if (others.length === 0) throw callFailure('missing argument for comparison')
  const a = unboxed(first)
  const basicA = basicOf(a)
  for (const other of others) if (isEqual(a, basicA, unboxed(other))) return true
  return false
}

function isEqual(
  a: Concrete | undefined,
  basicA: Basic | undefined,
  b: Concrete | undefined,
): boolean {
  const basicB = basicOf(b)
  if (basicA !== undefined && basicB !== undefined) return areEqual(basicA, basicB)
  if (basicA === undefined && basicB === undefined) return areSame(a, b)
  // Nil is not equal to anything, whatever its type.
  if (a === undefined || b === undefined) return false
  throw incompatible()
}

/** Go's `lt`: of integers, floats and strings. */
export function isLess(first: Reflected, second: Reflected): boolean {
  const a = basicOf(unboxed(first))
  const b = basicOf(unboxed(second))
  if (a === undefined || b === undefined) throw invalid()
  if (isInteger(a) && isInteger(b)) return a.value < b.value
  if (a.kind !== b.kind) throw incompatible()
  if (a.kind === 'string' && b.kind === 'string') return compareBytes(a.value, b.value) < 0
  if (a.kind === 'float' && b.kind === 'float') return a.value < b.value
  throw invalid()
}

/** Go's `le`. */
export function isLessOrEqual(first: Reflected, second: Reflected): boolean {
  return isLess(first, second) || equalsAny(first, [second])
}
