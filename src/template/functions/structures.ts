import {
  mapOf,
  pointerTo,
  sliceOf,
  stringMapType,
  stringType,
  intType,
  uint64Type,
} from '../go/types.ts'
import type { GoType, PointerType, SliceType, StructType } from '../go/types.ts'
import { goMap, list } from '../go/values.ts'
import type { GoFunction, List, Pointer, Struct, Value } from '../go/values.ts'

/*
 * How records become Go structs. A record is converted once, and of its fields only those that a
 * template looks at: as long as it is the same object, so is its struct, and a template over
 * thousands of them costs little more than its evaluation.
 */

/** How one field of a record is typed and converted. */
export type Field<T> = { readonly type: GoType; readonly toGo: (value: T) => Value }

/** A Go struct type and the conversion of records to it. */
export type Structure<R extends object> = {
  readonly type: StructType
  readonly pointerType: PointerType
  /** A pointer to the struct; the same for the same record. */
  readonly toPointer: (record: R) => Pointer
}

export const text: Field<string> = { type: stringType, toGo: (value) => value }

export const whole: Field<number> = { type: intType, toGo: BigInt }

export const unsigned: Field<bigint> = {
  type: uint64Type,
  toGo: (value) => ({ kind: 'integer', type: uint64Type, value }),
}

export const textMap: Field<ReadonlyMap<string, string>> = {
  type: stringMapType,
  toGo: once((map) => goMap(stringMapType, map)),
}

/** A list of strings, of a type with a name of its own if one is given. */
export function texts(name = '[]string'): Field<readonly string[]> {
  const type: SliceType = { kind: 'slice', name, element: stringType }
  return { type, toGo: once((strings) => list(type, strings)) }
}

/** A struct with these fields, in this order; `name` is that of its Go type. */
export function structure<R extends object>(
  name: string,
  fields: { readonly [Name in keyof R & string]: Field<R[Name]> },
): Structure<R> {
  const byName = new Map(Object.entries<Field<never>>(fields))
  const type: StructType = {
    kind: 'struct',
    name,
    fields: new Map([...byName].map(([field, { type: fieldType }]) => [field, fieldType])),
  }
  const pointerType = pointerTo(type)
  return {
    type,
    pointerType,
    toPointer: once((record) => {
      const target: Struct = { kind: 'struct', type, fields: new RecordFields(record, byName) }
      return { kind: 'pointer', type: pointerType, target }
    }),
  }
}

/** A record's fields as Go has them, each converted when it is looked at. */
class RecordFields<R extends object> implements ReadonlyMap<string, Value> {
  readonly #record: R
  readonly #fields: ReadonlyMap<string, Field<never>>

  constructor(record: R, fields: ReadonlyMap<string, Field<never>>) {
    this.#record = record
    this.#fields = fields
  }

  get size(): number {
    return this.#fields.size
  }

  has(name: string): boolean {
    return this.#fields.has(name)
  }

  get(name: string): Value | undefined {
    const field = this.#fields.get(name)
    return field?.toGo(this.#record[name as keyof R] as never)
  }

  entries() {
    return new Map([...this.#fields.keys()].map((name) => [name, this.get(name) ?? null])).entries()
  }

  keys() {
    return this.#fields.keys()
  }

  values() {
    return new Map(this.entries()).values()
  }

  [Symbol.iterator]() {
    return this.entries()
  }

  forEach(callback: (value: Value, name: string, map: ReadonlyMap<string, Value>) => void): void {
    for (const [name, value] of this.entries()) callback(value, name, this)
  }
}

/** A struct as a field, and not a pointer to it. */
export function embedded<R extends object>({ type, toPointer }: Structure<R>): Field<R> {
  return { type, toGo: (record) => toPointer(record).target }
}

/** A pointer to a struct as a field; nil for none. */
export function optional<R extends object>(target: Structure<R>): Field<R | undefined> {
  const { pointerType, toPointer } = target
  const nil: Pointer = { kind: 'pointer', type: pointerType, target: null }
  return { type: pointerType, toGo: (record) => (record === undefined ? nil : toPointer(record)) }
}

/** A map from names to structs. */
export function mapOfStructs<R extends object>(
  target: Structure<R>,
): Field<ReadonlyMap<string, R>> {
  const type = mapOf(stringType, target.type)
  return {
    type,
    toGo: once((map) =>
      goMap(
        type,
        [...map].map(([key, record]) => [key, target.toPointer(record).target] as const),
      ),
    ),
  }
}

export type ListOptions<R> = {
  /** The name of the list's own type; by default it has none but that of its elements. */
  readonly name?: string
  readonly methods?: (records: readonly R[]) => ReadonlyMap<string, GoFunction>
}

/** A list of pointers to structs. The same list of records gives the same list. */
export function listOf<R extends object>(
  target: Structure<R>,
  options: ListOptions<R> = {},
): { readonly type: SliceType; readonly toGo: (records: readonly R[]) => List } {
  const plain = sliceOf(target.pointerType)
  const type = { ...plain, name: options.name ?? plain.name }
  const toGo = once((records: readonly R[]): List => {
    const items = records.map(target.toPointer)
    const { methods } = options
    if (methods === undefined) return list(type, items)
    return {
      ...list(type, items),
      get methods() {
        return methods(records)
      },
    }
  })
  return { type, toGo }
}

/** Calls a function once for each object, and gives the same result again later. */
export function once<Given extends object, Result>(
  convert: (given: Given) => Result,
): (given: Given) => Result {
  const results = new WeakMap<Given, Result>()
  return (given) => {
    const known = results.get(given)
    if (known !== undefined) return known
    const result = convert(given)
    results.set(given, result)
    return result
  }
}
