import { isTrue } from '../../go/truth.ts'
import { callFailure } from '../../go/failure.ts'
import { isA, typeOf } from '../../go/values.ts'
import type { List, Value } from '../../go/values.ts'
import { checkDepth } from '../formats/output.ts'
import { checkCount } from './convert.ts'

/** How many values have been looked at. */
type Budget = { left: number }

const newBudget = (): Budget => ({ left: 10_000_000 })

function spend(budget: Budget, depth: number): void {
  checkDepth(depth)
  if (--budget.left < 0) throw callFailure('the values are too large to be compared')
}

function isEqual(a: Value, b: Value, budget: Budget, depth: number): boolean {
  spend(budget, depth)
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return a === b
  if (a instanceof Uint8Array || b instanceof Uint8Array) {
    return a instanceof Uint8Array && b instanceof Uint8Array && Buffer.compare(a, b) === 0
  }
  if (typeOf(a).name !== typeOf(b).name) return false
  const areEqual = (x: Value | undefined, y: Value | undefined) =>
    x !== undefined && y !== undefined && isEqual(x, y, budget, depth + 1)
  if (isA(a, 'integer') && isA(b, 'integer')) return a.value === b.value
  if (isA(a, 'complex') && isA(b, 'complex')) return a.real === b.real && a.imag === b.imag
  if (isA(a, 'list') && isA(b, 'list')) {
    return a.items.length === b.items.length && a.items.every((x, at) => areEqual(x, b.items[at]))
  }
  if (isA(a, 'map') && isA(b, 'map')) {
    if (a.entries.size !== b.entries.size) return false
    return [...a.entries].every(([key, x]) => areEqual(x, b.entries.get(key)))
  }
  if (isA(a, 'struct') && isA(b, 'struct')) {
    return a.text === b.text && [...a.fields].every(([name, x]) => areEqual(x, b.fields.get(name)))
  }
  return isA(a, 'pointer') && isA(b, 'pointer') && areEqual(a.target, b.target)
}

/** Go's reflect.DeepEqual: equal types and equal contents, functions never. */
export function isDeepEqual(a: Value, b: Value): boolean {
  return isEqual(a, b, newBudget(), 0)
}

/** Whether a value is one of some, by {@link isDeepEqual}. */
export function memberTest(): { has: (value: Value) => boolean; add: (value: Value) => void } {
  const simple = new Set<Value>()
  const others: Value[] = []
  const budget = newBudget()
  const isSimple = (value: Value) => value === null || typeof value !== 'object'
  return {
    // NaN is equal to nothing.
    has: (value) =>
      isSimple(value)
        ? simple.has(value) && !Number.isNaN(value)
        : others.some((other) => isEqual(value, other, budget, 0)),
    add: (value) => {
      if (isSimple(value)) simple.add(value)
      else others.push(value)
    },
  }
}

function copied(value: Value, made: { count: number }, depth: number): Value {
  checkDepth(depth)
  checkCount('deepCopy', ++made.count)
  const copy = (inner: Value) => copied(inner, made, depth + 1)
  if (isA(value, 'list')) return { ...value, items: value.items.map(copy) } satisfies List
  if (isA(value, 'map')) {
    const entries = [...value.entries].map(([key, inner]) => [key, copy(inner)] as const)
    return { ...value, entries: new Map(entries) }
  }
  return value
}

/** A value with lists and maps of its own. */
export const deepCopy = (value: Value): Value => copied(value, { count: 0 }, 0)

/** Whether a value is the zero of its type, or has nothing in it. */
export const isEmpty = (value: Value): boolean =>
  Number.isNaN(value) ? false : !isTrue(value ?? undefined)
