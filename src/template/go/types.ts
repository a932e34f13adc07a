/*
 * Go's types, as far as templates can see them. Two types are the same when their names are: the
 * name is how Go prints the type.
 */

type Named<Kind extends string, Held> = {
  readonly kind: Kind
  readonly name: string
  /** Never set: what a parameter of this type receives. */
  readonly holds?: Held
}

export type BasicType<Held = unknown> = Named<
  'bool' | 'int' | 'uint' | 'float' | 'complex' | 'string' | 'function' | 'interface' | 'reflected',
  Held
>
export type SliceType<Held = unknown> = Named<'slice', Held> & { readonly element: GoType }
export type MapType<Held = unknown> = Named<'map', Held> & {
  readonly key: GoType
  readonly element: GoType
}
export type PointerType<Held = unknown> = Named<'pointer', Held> & { readonly element: GoType }
export type StructType<Held = unknown> = Named<'struct', Held> & {
  /** In the order in which Go prints them. */
  readonly fields: ReadonlyMap<string, GoType>
}

export type GoType<Held = unknown> =
  | BasicType<Held>
  | SliceType<Held>
  | MapType<Held>
  | PointerType<Held>
  | StructType<Held>

const basic = <Held>(kind: BasicType['kind'], name: string): BasicType<Held> => ({ kind, name })

export const boolType = basic<boolean>('bool', 'bool')
export const intType = basic<bigint>('int', 'int')
export const int64Type = basic<bigint>('int', 'int64')
export const uint8Type = basic<bigint>('uint', 'uint8')
export const uint64Type = basic<bigint>('uint', 'uint64')
export const floatType = basic<number>('float', 'float64')
export const complexType = basic<unknown>('complex', 'complex128')
export const stringType = basic<string>('string', 'string')
export const functionType = basic<unknown>('function', 'func')
/** Anything; what is missing arrives as null. */
export const anyType = basic<unknown>('interface', 'interface {}')
/** Anything, as the evaluator has it: not unwrapped, undefined when there is no value. */
export const reflectedType = basic<unknown>('reflected', 'reflect.Value')

export function sliceOf(element: GoType): SliceType {
  return { kind: 'slice', name: `[]${element.name}`, element }
}

export function mapOf(key: GoType, element: GoType): MapType {
  return { kind: 'map', name: `map[${key.name}]${element.name}`, key, element }
}

export function pointerTo(element: GoType): PointerType {
  return { kind: 'pointer', name: `*${element.name}`, element }
}

export const anySliceType = sliceOf(anyType)
export const anyMapType = mapOf(stringType, anyType)
export const stringSliceType = sliceOf(stringType)
export const stringMapType = mapOf(stringType, stringType)
export const bytesType: SliceType<Uint8Array> = {
  kind: 'slice',
  name: '[]uint8',
  element: uint8Type,
}

/**
 * Whether a value of one type may be given where the other is wanted: a slice type with a name of
 * its own stands for the one without, as in Go.
 */
export function isAssignable(type: GoType, wanted: GoType): boolean {
  if (wanted.kind === 'interface' || type.name === wanted.name) return true
  if (type.kind !== 'slice' || wanted.kind !== 'slice') return false
  const isOneUnnamed = type.name.startsWith('[]') || wanted.name.startsWith('[]')
  return isOneUnnamed && type.element.name === wanted.element.name
}

/** Whether nil is a value of the type. */
export function canBeNil(type: GoType): boolean {
  return ['slice', 'map', 'pointer', 'function', 'interface', 'reflected'].includes(type.kind)
}
