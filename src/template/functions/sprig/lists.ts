import { compareBytes } from '../../go/byte-text.ts'
import { callFailure } from '../../go/failure.ts'
import { goFunction, variadicFunction } from '../../go/functions.ts'
import type { Result } from '../../go/functions.ts'
import { anySliceType, anyType, intType, sliceOf, stringType } from '../../go/types.ts'
import { isA, list } from '../../go/values.ts'
import type { GoFunction, List, Value } from '../../go/values.ts'
import type { FunctionSet } from '../function-set.ts'
import { anyList, itemsOf, kindOf, nilDereference, textList, textsOf, wholeOf } from './convert.ts'
import { isDeepEqual, isEmpty, memberTest } from './deep.ts'

/** The items of a list that a function works on; its name is how an error tells what was wanted. */
function wantedItems(purpose: string, value: Value): readonly Value[] {
  if (value === null) throw nilDereference()
  const items = itemsOf(value)
  if (items === undefined) throw callFailure(`${purpose} on type ${kindOf(value)}`)
  return items
}

/** A function of a list. Sprig's variants with and without `must` fail alike in a template. */
const ofList = (purpose: string, body: (items: readonly Value[]) => Result): GoFunction =>
  goFunction([anyType], (value) => body(wantedItems(purpose, value)))

const ofListAndItem = (
  purpose: string,
  body: (items: readonly Value[], item: Value) => Result,
): GoFunction =>
  goFunction([anyType, anyType], (value, item) => body(wantedItems(purpose, value), item))

/** Nil of an empty list. */
const part = (items: readonly Value[], start: number, end: number): Result =>
  items.length === 0 ? null : anyList(items.slice(start, end))

function unique(items: readonly Value[]): List {
  const seen = memberTest()
  const kept = items.filter((item) => {
    if (seen.has(item)) return false
    seen.add(item)
    return true
  })
  return anyList(kept)
}

function without(items: readonly Value[], omitted: readonly Value[]): List {
  const test = memberTest()
  omitted.forEach(test.add)
  return anyList(items.filter((item) => !test.has(item)))
}

function slice(value: Value, bounds: readonly Value[]): Result {
  const items = wantedItems('list should be type of slice or array but', value)
  if (items.length === 0) return null
  const [first, second] = bounds
  const start = first === undefined ? 0n : wholeOf(first)
  const end = second === undefined ? BigInt(items.length) : wholeOf(second)
  if (start < 0n || end < start || end > BigInt(items.length)) {
    throw callFailure('reflect.Value.Slice: slice index out of bounds')
  }
  if (value instanceof Uint8Array) return value.slice(Number(start), Number(end))
  const part = items.slice(Number(start), Number(end))
  return isA(value, 'list') ? list(value.type, part) : null
}

function chunks(size: bigint, items: readonly Value[]): List {
  if (size <= 0n) throw callFailure('runtime error: makeslice: len out of range')
  const made: List[] = []
  const step = Number(size)
  for (let at = 0; at < items.length; at += step) made.push(anyList(items.slice(at, at + step)))
  return list(sliceOf(anySliceType), made)
}

function concat(values: readonly Value[]): List {
  const items = values.flatMap((value) => {
    const found = itemsOf(value)
    if (found === undefined) throw callFailure(`Cannot concat type ${kindOf(value)} as list`)
    return found
  })
  return anyList(items)
}

function sortAlpha(value: Value): List {
  return textList(textsOf(value).toSorted(compareBytes))
}

const newList = variadicFunction([], anyType, (...items) => anyList(items as readonly Value[]))

/** Functions that exist with and without `must`. */
const doubled: FunctionSet = {
  append: ofListAndItem('Cannot push', (items, item) => anyList([...items, item])),
  push: ofListAndItem('Cannot push', (items, item) => anyList([...items, item])),
  prepend: ofListAndItem('Cannot prepend', (items, item) => anyList([item, ...items])),
  first: ofList('Cannot find first', (items) => items[0] ?? null),
  last: ofList('Cannot find last', (items) => items.at(-1) ?? null),
  rest: ofList('Cannot find rest', (items) => part(items, 1, items.length)),
  initial: ofList('Cannot find initial', (items) => part(items, 0, items.length - 1)),
  reverse: ofList('Cannot find reverse', (items) => anyList(items.toReversed())),
  compact: ofList('Cannot compact', (items) => anyList(items.filter((item) => !isEmpty(item)))),
  uniq: ofList('Cannot find uniq', unique),
  without: variadicFunction([anyType], anyType, (value, ...omitted) =>
    without(wantedItems('Cannot find without', value), omitted as readonly Value[]),
  ),
  has: goFunction([anyType, anyType], (item, value) => {
    if (value === null) return false
    return wantedItems('Cannot find has', value).some((other) => isDeepEqual(item, other))
  }),
  slice: variadicFunction([anyType], anyType, (value, ...bounds) =>
    slice(value, bounds as readonly Value[]),
  ),
  chunk: goFunction([intType, anyType], (size, value) =>
    chunks(size, wantedItems('Cannot chunk', value)),
  ),
}

const must: FunctionSet = Object.fromEntries(
  Object.entries(doubled).map(([name, call]) => [
    `must${name.charAt(0).toUpperCase()}${name.slice(1)}`,
    call,
  ]),
)

/** Making lists and taking them apart. None changes a list that it is given. */
export const listFunctions: FunctionSet = {
  ...doubled,
  ...must,
  list: newList,
  tuple: newList,
  concat: variadicFunction([], anyType, (...values) => concat(values as readonly Value[])),
  sortAlpha: goFunction([anyType], sortAlpha),
  toStrings: goFunction([anyType], (value) => textList(textsOf(value))),
  join: goFunction([stringType, anyType], (separator, value) => textsOf(value).join(separator)),
}
