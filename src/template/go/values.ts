import {
  anyMapType,
  anySliceType,
  anyType,
  boolType,
  bytesType,
  complexType,
  floatType,
  functionType,
  intType,
  stringType,
} from './types.ts'
import type { BasicType, GoType, MapType, PointerType, SliceType, StructType } from './types.ts'

/** An integer of another type than `int`. */
export type Integer = {
  readonly kind: 'integer'
  readonly type: BasicType
  readonly value: bigint
}

export type Complex = { readonly kind: 'complex'; readonly real: number; readonly imag: number }

export type List = {
  readonly kind: 'list'
  readonly type: SliceType
  readonly items: readonly Value[]
  /** What can be called on it by name; only lists of a type with a name of its own have methods. */
  readonly methods?: ReadonlyMap<string, GoFunction>
}

/** A key as JavaScript holds it; the map's type says which integer type a bigint is. */
export type MapKey = string | bigint | number | boolean

export type GoMap = {
  readonly kind: 'map'
  readonly type: MapType
  readonly entries: ReadonlyMap<MapKey, Value>
}

export type Struct = {
  readonly kind: 'struct'
  readonly type: StructType
  /** Has every field that the type has. */
  readonly fields: ReadonlyMap<string, Value>
  /** What can be called on it by name, as `.Name argument`; found before fields. */
  readonly methods?: ReadonlyMap<string, GoFunction>
  /** How it is printed by %v and %s, if not as a struct. */
  readonly text?: string
}

export type Pointer = {
  readonly kind: 'pointer'
  readonly type: PointerType
  /** Null for a nil pointer. */
  readonly target: Value
}

/**
 * A function that templates can call. Arguments are checked against the types before the call and
 * arrive as these hold them; what `call` throws stops the evaluation, with its message.
 */
export type GoFunction = {
  readonly kind: 'function'
  readonly parameters: readonly GoType[]
  /** The type of any further arguments; undefined: there are none. */
  readonly rest: GoType | undefined
  readonly call: (...args: readonly never[]) => Reflected
}

/**
 * Go's values: null is nil, a bigint is an `int`, a number a `float64`, a Uint8Array a `[]byte`.
 * Strings are bytes in Go; how they are kept here says byte-text.ts.
 */
export type Value =
  | null
  | boolean
  | bigint
  | number
  | string
  | Uint8Array
  | Integer
  | Complex
  | List
  | GoMap
  | Struct
  | Pointer
  | GoFunction

/** A value that is not nil. */
export type Concrete = Exclude<Value, null>

/** Something of type `interface {}`, such as an element of a `[]interface {}`. */
export type Boxed = { readonly kind: 'interface'; readonly inside: Value }

type Composite = Integer | Complex | List | GoMap | Struct | Pointer | GoFunction | Boxed

/**
 * What evaluation works on: a value, one inside an interface, or undefined for no value at all,
 * which is what a missing map key gives.
 */
export type Reflected = Concrete | Boxed | undefined

export const nilBox: Boxed = { kind: 'interface', inside: null }

export function boxed(value: Value): Boxed {
  return value === null ? nilBox : { kind: 'interface', inside: value }
}

/** A value as it comes out of something that holds the given type. */
export function reflect(value: Value, type: GoType): Reflected {
  if (type.kind === 'interface') return boxed(value)
  return value ?? zeroOf(type)
}

/** Whether a value is a list, a map, …: one of those that are records here. */
export function isA<Kind extends Composite['kind']>(
  value: Reflected | null,
  kind: Kind,
): value is Extract<Composite, { readonly kind: Kind }> {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === kind
}

/** Takes a value out of its interface; undefined for nil. */
export function unboxed(value: Reflected): Concrete | undefined {
  return isA(value, 'interface') ? (value.inside ?? undefined) : value
}

/** A value without its interface, null for none. */
export function valueOf(value: Reflected): Value {
  return unboxed(value) ?? null
}

/** The type of a value; `interface {}` for what is inside one. */
export function typeOf(value: Concrete | Boxed): GoType {
  if (typeof value === 'boolean') return boolType
  if (typeof value === 'bigint') return intType
  if (typeof value === 'number') return floatType
  if (typeof value === 'string') return stringType
  if (value instanceof Uint8Array) return bytesType
  if (value.kind === 'interface') return anyType
  if (value.kind === 'complex') return complexType
  return value.kind === 'function' ? functionType : value.type
}

/** The zero value of a type: "", 0, an empty list, … */
export function zeroOf(type: GoType): Reflected {
  switch (type.kind) {
    case 'bool':
      return false
    case 'int':
    case 'uint':
      return type.name === 'int' ? 0n : { kind: 'integer', type, value: 0n }
    case 'float':
      return 0
    case 'complex':
      return { kind: 'complex', real: 0, imag: 0 }
    case 'string':
      return ''
    case 'slice':
      return type.name === bytesType.name ? new Uint8Array() : list(type, [])
    case 'map':
      return { kind: 'map', type, entries: new Map() }
    case 'struct':
      return structOf(type, {})
    case 'pointer':
      return { kind: 'pointer', type, target: null }
    case 'interface':
      return nilBox
    case 'function':
    case 'reflected':
      break
  }
  return undefined
}

export function list(type: SliceType, items: readonly Value[]): List {
  return { kind: 'list', type, items }
}

export function goMap(type: MapType, entries: Iterable<readonly [MapKey, Value]>): GoMap {
  return { kind: 'map', type, entries: new Map(entries) }
}

/** A struct with the given fields; those not given have the zero value of their type. */
export function structOf(type: StructType, given: Readonly<Record<string, Value>>): Struct {
  const fields = [...type.fields].map(
    ([name, fieldType]) => [name, given[name] ?? valueOf(zeroOf(fieldType))] as const,
  )
  return { kind: 'struct', type, fields: new Map(fields) }
}

/** What a JavaScript value of JSON is in Go: `map[string]interface {}`, `[]interface {}`, …; whole numbers are `int`s. */
export function valueOfJson(json: unknown): Value {
  if (json === null || json === undefined) return null
  if (typeof json === 'number') return Number.isSafeInteger(json) ? BigInt(json) : json
  if (typeof json === 'boolean' || typeof json === 'string') return json
  if (Array.isArray(json)) return list(anySliceType, json.map(valueOfJson))
  return goMap(
    anyMapType,
    Object.entries(json).map(([key, value]) => [key, valueOfJson(value)] as const),
  )
}
