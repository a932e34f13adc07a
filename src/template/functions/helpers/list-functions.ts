import { callFailure } from '../../go/failure.ts'
import { goFunction, variadicFunction } from '../../go/functions.ts'
import { anySliceType, anyType, int64Type, sliceOf } from '../../go/types.ts'
import type { SliceType } from '../../go/types.ts'
import { isA, list, typeOf } from '../../go/values.ts'
import type { GoFunction, List, Value } from '../../go/values.ts'
import type { FunctionSet } from '../function-set.ts'
import { refuseManyItems } from './bounds.ts'
import { parseInt64 } from './parse-functions.ts'

/** Signed integers, floats and strings are found, each kind only among its own. */
function wordOf(value: Value): bigint | number | string | undefined {
  if (typeof value === 'bigint' || typeof value === 'string') return value
  if (typeof value === 'number') return Number.isNaN(value) ? undefined : value
  return isA(value, 'integer') && value.type.kind === 'int' ? value.value : undefined
}

/** How many characters may be looked through for one call. */
const mostCharacters = 2 ** 28

/** Tells of values whether they are in a list, or texts in a text; in anything else nothing is. */
function membership(container: Value, sought: number): (value: Value) => boolean {
  if (typeof container === 'string') {
    if (container.length * sought > mostCharacters) {
      throw callFailure(`more than ${mostCharacters} characters to search`)
    }
    return (value) => typeof value === 'string' && container.includes(value)
  }
  const words = new Set(isA(container, 'list') ? container.items.map(wordOf) : [])
  return (value) => {
    const word = wordOf(value)
    return word !== undefined && words.has(word)
  }
}

function isIn(container: Value, value: Value): boolean {
  if (!isA(container, 'list')) return membership(container, 1)(value)
  const word = wordOf(value)
  return word !== undefined && container.items.some((item) => wordOf(item) === word)
}

const listParameter = anySliceType as SliceType<List>

function ofMembers(
  judge: (wanted: readonly Value[], has: (value: Value) => boolean) => boolean,
): GoFunction {
  return goFunction([listParameter, anyType], (wanted, container) =>
    judge(wanted.items, membership(container, wanted.items.length)),
  )
}

const int64ListType = sliceOf(int64Type)

function boundOf(value: Value): bigint {
  if (typeof value === 'bigint') return value
  if (isA(value, 'integer')) return BigInt.asIntN(64, value.value)
  if (typeof value === 'string') return parseInt64(value).value
  const type = value === null ? '<nil>' : typeOf(value).name
  throw callFailure(`loop: bad argument type: ${type}`)
}

/** The integers from one bound, 0 if it is not given, to below the other. */
function loop(bounds: readonly Value[]): List {
  if (bounds.length < 1 || bounds.length > 2) {
    throw callFailure(`loop: wrong number of arguments, expected 1 or 2, but got ${bounds.length}`)
  }
  const [start = 0n, stop = 0n] =
    bounds.length === 1 ? [0n, ...bounds.map(boundOf)] : bounds.map(boundOf)
  const count = Number(stop > start ? stop - start : 0n)
  refuseManyItems(count)
  const items = Array.from({ length: count }, (_, index): Value => {
    return { kind: 'integer', type: int64Type, value: start + BigInt(index) }
  })
  return list(int64ListType, items)
}

/** Functions on lists, and `loop`, which makes them. */
export const listFunctions: FunctionSet = {
  in: goFunction([anyType, anyType], isIn),
  contains: goFunction([anyType, anyType], (value, container) => isIn(container, value)),
  containsAll: ofMembers((wanted, has) => wanted.every(has)),
  containsAny: ofMembers((wanted, has) => wanted.some(has)),
  containsNone: ofMembers((wanted, has) => !wanted.some(has)),
  containsNotAll: ofMembers((wanted, has) => !wanted.every(has)),
  loop: variadicFunction([], anyType, (...bounds) => loop(bounds as readonly Value[])),
}
