import { quote } from './quote.ts'
import { isA, typeOf, reflect, zeroOf } from './values.ts'
import type { GoFunction, GoMap, Reflected } from './values.ts'
import { indirect } from './indexing.ts'
import { isAssignable, stringType } from './types.ts'
import type { MissingKey } from './frame.ts'

export type FieldAccess = {
  readonly name: string
  /** Whether arguments follow, which only a method takes. */
  readonly hasArguments: boolean
  readonly missingKey: MissingKey
  readonly fail: (message: string) => never
}

/** What `.name` of a value is: a method to be called, or a value. */
export type FieldFound = { readonly method: GoFunction } | { readonly value: Reflected }

function methodOf(value: Reflected, name: string): GoFunction | undefined {
  return isA(value, 'struct') ? value.methods?.get(name) : undefined
}

function inMap(map: GoMap, { name, missingKey, hasArguments, fail }: FieldAccess): Reflected {
  if (hasArguments) fail(`${name} is not a method but has arguments`)
  const found = map.entries.get(name)
  if (found !== undefined) return reflect(found, map.type.element)
  switch (missingKey) {
    case 'default':
      return undefined
    case 'zero':
      return zeroOf(map.type.element)
    case 'error':
      break
  }
  return fail(`map has no entry for key ${quote(name)}`)
}

/** Looks up `.name` of a value: a method, a struct's field or a map's key. */
export function findField(receiver: Reflected, access: FieldAccess): FieldFound {
  const { name, fail, hasArguments } = access
  if (receiver === undefined) {
    if (access.missingKey === 'error') fail(`nil data; no entry for key ${quote(name)}`)
    return { value: undefined }
  }
  const type = typeOf(receiver)
  const { value, isNil } = indirect(receiver)
  if (isA(value, 'interface')) fail(`nil pointer evaluating ${type.name}.${name}`)
  const method = methodOf(value, name)
  if (method !== undefined) return { method }
  if (isA(value, 'struct')) {
    const fieldType = value.type.fields.get(name)
    if (fieldType !== undefined) {
      if (hasArguments) fail(`${name} has arguments but cannot be invoked as function`)
      return { value: reflect(value.fields.get(name) ?? null, fieldType) }
    }
  }
  if (isA(value, 'map') && isAssignable(stringType, value.type.key)) {
    return { value: inMap(value, access) }
  }
  if (isA(value, 'pointer') && isNil) {
    const { element } = value.type
    const isUnknown = element.kind === 'struct' && !element.fields.has(name)
    if (!isUnknown) fail(`nil pointer evaluating ${type.name}.${name}`)
  }
  return fail(`can't evaluate field ${name} in type ${type.name}`)
}
