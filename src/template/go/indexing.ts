import { byteLength, bytesOfText, sliceBytes } from './byte-text.ts'
import { callFailure } from './failure.ts'
import { canBeNil, isAssignable, uint8Type } from './types.ts'
import type { GoType } from './types.ts'
import { isA, list, reflect, typeOf, unboxed, valueOf, zeroOf } from './values.ts'
import type { Concrete, GoMap, Integer, List, MapKey, Reflected } from './values.ts'

/** Follows interfaces and pointers; `isNil` when one of them leads nowhere. */
export function indirect(value: Reflected): { value: Reflected; isNil: boolean } {
  let at = value
  for (;;) {
    if (typeof at !== 'object' || at instanceof Uint8Array) return { value: at, isNil: false }
    if (at.kind !== 'interface' && at.kind !== 'pointer') return { value: at, isNil: false }
    const inside = at.kind === 'interface' ? at.inside : at.target
    if (inside === null) return { value: at, isNil: true }
    at = inside
  }
}

/** What the reflect package says when it is asked for the type of no value. */
const noValue = () => callFailure('reflect: call of reflect.Value.Type on zero Value')

function typeName(value: Reflected): string {
  if (value === undefined) throw noValue()
  return typeOf(value).name
}

const byteAt = (bytes: Uint8Array, index: number): Integer => ({
  kind: 'integer',
  type: uint8Type,
  value: BigInt(bytes[index] ?? 0),
})

/** The number that an index is; it may be the length itself. */
function indexOf(given: Reflected, greatest: number): number {
  const index = unboxed(given)
  if (index === undefined) throw callFailure('cannot index slice/array with nil')
  const value = isA(index, 'integer') ? index.value : index
  if (typeof value !== 'bigint') {
    throw callFailure(`cannot index slice/array with type ${typeName(index)}`)
  }
  if (value < 0n || value > BigInt(greatest)) throw callFailure(`index out of range: ${value}`)
  return Number(value)
}

/** A value made fit for a key's or parameter's type; throws if it cannot be. */
export function prepared(value: Concrete | undefined, type: GoType): Reflected {
  if (value === undefined) {
    if (!canBeNil(type)) throw callFailure(`value is nil; should be of type ${type.name}`)
    return zeroOf(type)
  }
  const given = typeOf(value)
  if (isAssignable(given, type)) return value
  const isWhole = (kind: GoType['kind']) => kind === 'int' || kind === 'uint'
  if (isWhole(given.kind) && isWhole(type.kind)) {
    return isA(value, 'integer') ? value.value : value
  }
  throw callFailure(`value has type ${given.name}; should be ${type.name}`)
}

/** A value as a key of a map. */
function keyOf(value: Concrete | undefined, map: GoMap): MapKey | undefined {
  const key = valueOf(prepared(value, map.type.key))
  if (typeof key === 'object' && key !== null) {
    return 'value' in key && key.kind === 'integer' ? key.value : undefined
  }
  return key ?? undefined
}

/** One element of a list, a string's byte, or a map's value. */
function elementOf(container: Reflected, key: Reflected): Reflected {
  const { value, isNil } = indirect(container)
  if (isNil) throw callFailure('index of nil pointer')
  if (typeof value === 'string' || value instanceof Uint8Array) {
    const bytes = typeof value === 'string' ? bytesOfText(value) : value
    const index = indexOf(key, bytes.length)
    const kind = typeof value === 'string' ? 'string' : 'slice'
    if (index >= bytes.length) throw callFailure(`reflect: ${kind} index out of range`)
    return byteAt(bytes, index)
  }
  if (isA(value, 'list')) {
    const index = indexOf(key, value.items.length)
    const item = value.items[index]
    if (item === undefined) throw callFailure('reflect: slice index out of range')
    return reflect(item, value.type.element)
  }
  if (isA(value, 'map')) {
    const mapKey = keyOf(unboxed(key), value)
    const found = mapKey === undefined ? undefined : value.entries.get(mapKey)
    return found === undefined ? zeroOf(value.type.element) : reflect(found, value.type.element)
  }
  throw callFailure(`can't index item of type ${typeName(value)}`)
}

/** Go's `index`: follows the keys into lists and maps. */
export function index(container: Reflected, keys: readonly Reflected[]): Reflected {
  const first = isA(container, 'interface') ? unboxed(container) : container
  if (first === undefined) throw callFailure('index of untyped nil')
  return keys.reduce<Reflected>(elementOf, first)
}

/** Go's `slice`: `item[i:j:k]` of a list, or `item[i:j]` of a string's bytes. */
export function slice(container: Reflected, indexes: readonly Reflected[]): Reflected {
  const item = unboxed(container)
  if (item === undefined) throw callFailure('slice of untyped nil')
  if (indexes.length > 3) throw callFailure(`too many slice indexes: ${indexes.length}`)
  const isList = isA(item, 'list')
  if (typeof item !== 'string' && !isList && !(item instanceof Uint8Array)) {
    throw callFailure(`can't slice item of type ${typeOf(item).name}`)
  }
  if (typeof item === 'string' && indexes.length === 3) {
    throw callFailure('cannot 3-index slice a string')
  }
  const length = isList ? item.items.length : lengthOf(item)
  const bounds = [0, length, length]
  indexes.forEach((given, position) => {
    // Go lets a slice reach up to a list's capacity; here a first index beyond the length is
    // refused as going past the second, and the others are out of range.
    const isStart = isList && position === 0
    bounds[position] = indexOf(given, isStart ? capacityOf(item) : length)
  })
  const [from = 0, to = 0, capacity = 0] = bounds
  if (from > to) throw callFailure(`invalid slice index: ${from} > ${to}`)
  if (to > capacity) throw callFailure(`invalid slice index: ${to} > ${capacity}`)
  if (typeof item === 'string') return sliceBytes(item, from, to)
  if (item instanceof Uint8Array) return item.subarray(from, to)
  return list(item.type, item.items.slice(from, to))
}

/** A list's capacity in Go: one of JSON grew by appending, twofold; others are just long enough. */
function capacityOf({ items, type }: List): number {
  const isOfJson = type.element.kind === 'interface' && items.length > 0
  return isOfJson ? 2 ** Math.ceil(Math.log2(items.length)) : items.length
}

/** Go's `len`: of a list, a map or a string's bytes. */
export function lengthOf(container: Reflected): number {
  const { value, isNil } = indirect(container)
  if (isNil) throw callFailure('len of nil pointer')
  if (typeof value === 'string') return byteLength(value)
  if (value instanceof Uint8Array) return value.length
  if (isA(value, 'list')) return value.items.length
  if (isA(value, 'map')) return value.entries.size
  throw callFailure(`len of type ${typeName(value)}`)
}
