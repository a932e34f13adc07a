import { callFailure, reasonOf } from './failure.ts'
import { anyMapType, anySliceType, anyType, boolType, floatType, intType, mapOf } from './types.ts'
import type { GoType, StructType } from './types.ts'
import { fitsInt } from './number-literal.ts'
import { variadicFunction } from './functions.ts'
import { keepOriginal, toJavaScript } from './to-javascript.ts'
import { goMap, list } from './values.ts'
import type { GoFunction, MapKey, Struct, Value } from './values.ts'

/** Deeper values could not be gone through on JavaScript's stack. */
const greatestDepth = 500

/** What is known while one value is converted. */
type Conversion = {
  /** What leads to the value: `.servers`, `[0]`, … */
  readonly path: string[]
  /** The objects that the value is in. */
  readonly around: Set<object>
  readonly done: Map<object, Value>
  /** The types of classes, by prototype. */
  readonly types: Map<object, StructType>
}

/**
 * A JavaScript value as templates see it: whole numbers (`Number.isSafeInteger`, but not -0) and
 * bigints are `int`, other numbers `float64`; a Uint8Array is a `[]byte`, an array an
 * `[]interface {}`; plain objects and Maps are `map[string]interface {}`, Maps with other keys
 * have these as keys; instances of classes are structs `main.CLASS` with their own fields, and
 * what the class declares as methods. Functions can be called with `call`; null and undefined are
 * nil. Throws a TemplateError for all else, such as dates, and for what contains itself.
 */
export function fromJavaScript(value: unknown): Value {
  const conversion = { path: [], around: new Set<object>(), done: new Map(), types: new Map() }
  try {
    return converted(conversion, value)
  } catch (error) {
    throw callFailure(`data${conversion.path.join('')}: ${reasonOf(error)}`, error)
  }
}

function converted(conversion: Conversion, value: unknown): Value {
  switch (typeof value) {
    case 'undefined':
      return null
    case 'boolean':
    case 'string':
      return value
    case 'number':
      return Number.isSafeInteger(value) && !Object.is(value, -0) ? BigInt(value) : value
    case 'bigint':
      if (!fitsInt(value)) throw callFailure('a bigint that is no 64-bit integer')
      return value
    case 'function':
      return known(conversion, value, () => functionOf(value as JavaScriptFunction))
    case 'object':
      return value === null ? null : known(conversion, value, () => ofObject(conversion, value))
    case 'symbol':
      break
  }
  throw callFailure('a symbol cannot be a value')
}

/** Each object is converted once, so that it is the same wherever it stands. */
function known(conversion: Conversion, original: object, convert: () => Value): Value {
  const { around, done } = conversion
  const before = done.get(original)
  if (before !== undefined) return before
  if (around.has(original)) throw callFailure('contains itself')
  if (around.size === greatestDepth) throw callFailure('nested too deep')
  around.add(original)
  const value = convert()
  around.delete(original)
  done.set(original, value)
  keepOriginal(value, original)
  return value
}

/** A part of a value; where it stands is only forgotten when it could be converted. */
function part(conversion: Conversion, step: string, value: unknown): Value {
  conversion.path.push(step)
  const result = converted(conversion, value)
  conversion.path.pop()
  return result
}

function ofObject(conversion: Conversion, value: object): Value {
  if (value instanceof Uint8Array) return value
  if (Array.isArray(value)) {
    return list(
      anySliceType,
      Array.from(value, (item, index) => part(conversion, `[${index}]`, item)),
    )
  }
  if (value instanceof Map) return ofMap(conversion, value)
  // Dates, sets, promises, … have names of their own here.
  const name = Object.prototype.toString.call(value).slice('[object '.length, -1)
  if (name !== 'Object') throw callFailure(`a ${name} cannot be a value`)
  const prototype: unknown = Object.getPrototypeOf(value)
  const isPlain = typeof prototype !== 'object' || prototype === null || isRoot(prototype)
  return isPlain
    ? goMap(anyMapType, entriesOf(conversion, value))
    : ofInstance(conversion, value, prototype)
}

const isRoot = (prototype: object): boolean => Object.getPrototypeOf(prototype) === null

const entriesOf = (conversion: Conversion, value: object): (readonly [string, Value])[] =>
  Object.entries(value).map(([key, item]) => [key, part(conversion, `.${key}`, item)])

function ofMap(conversion: Conversion, map: ReadonlyMap<unknown, unknown>): Value {
  const entries = Array.from(map, ([key, item]): readonly [MapKey, Value] => [
    keyOf(key),
    part(conversion, `.${String(key)}`, item),
  ])
  const types = new Set(entries.map(([key]) => typeof key))
  if (types.size > 1) throw callFailure('a Map with keys of different types')
  const [type = 'string'] = types
  return goMap(type === 'string' ? anyMapType : mapOf(keyTypes[type] ?? anyType, anyType), entries)
}

const keyTypes: Readonly<Record<string, GoType>> = {
  bigint: intType,
  number: floatType,
  boolean: boolType,
}

function keyOf(key: unknown): MapKey {
  if (typeof key === 'string' || typeof key === 'boolean') return key
  if (typeof key === 'bigint' && fitsInt(key)) return key
  if (typeof key === 'number') return Number.isSafeInteger(key) ? BigInt(key) : key
  throw callFailure(`a Map with a key that is no text, number or boolean`)
}

function ofInstance(conversion: Conversion, instance: object, prototype: object): Struct {
  const fields = new Map(entriesOf(conversion, instance))
  let type = conversion.types.get(prototype)
  if (type === undefined || !hasFields(type, fields)) {
    type = structType(prototype, fields)
    conversion.types.set(prototype, type)
  }
  return { kind: 'struct', type, fields, methods: methodsOf(instance, prototype) }
}

/** Methods and getters, the class's own before those that it inherits. */
function methodsOf(instance: object, prototype: object): ReadonlyMap<string, GoFunction> {
  const methods = new Map<string, GoFunction>()
  for (let at = prototype; !isRoot(at); at = Object.getPrototypeOf(at) as object) {
    for (const [name, declared] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
      const member: unknown = 'get' in declared ? declared['get'] : declared.value
      if (name === 'constructor' || methods.has(name) || typeof member !== 'function') continue
      methods.set(name, functionOf(member as JavaScriptFunction, instance))
    }
  }
  return methods
}

const hasFields = (type: StructType, fields: ReadonlyMap<string, Value>): boolean =>
  type.fields.size === fields.size && [...fields.keys()].every((name) => type.fields.has(name))

function structType(prototype: object, fields: ReadonlyMap<string, Value>): StructType {
  const className = prototype.constructor.name || 'class'
  const types = Array.from(fields.keys(), (name) => [name, anyType] as const)
  return { kind: 'struct', name: `main.${className}`, fields: new Map(types) }
}

export type JavaScriptFunction = (this: unknown, ...args: readonly unknown[]) => unknown

/** A function of JavaScript as one of templates: its arguments and its result are converted. */
export function functionOf(callee: JavaScriptFunction, self?: object): GoFunction {
  return variadicFunction([], anyType, (...args) => {
    const result: unknown = callee.apply(self, args.map(toJavaScript))
    return resultOf(result)
  })
}

function resultOf(result: unknown): Value {
  const conversion = { path: [], around: new Set<object>(), done: new Map(), types: new Map() }
  return converted(conversion, result)
}
