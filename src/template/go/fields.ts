import { fail } from './frame.ts'
import type { Frame } from './frame.ts'
import { indirect } from './indexing.ts'
import { quote } from './quote.ts'
import { isAssignable, stringType } from './types.ts'
import { isA, reflect, typeOf, zeroOf } from './values.ts'
import type { Boxed, Concrete, GoFunction, GoMap, Reflected } from './values.ts'

/** A method that was found by its name. */
export type Method = { readonly kind: 'method'; readonly callee: GoFunction }

function inMap(frame: Frame, map: GoMap, name: string, hasArguments: boolean): Reflected {
  if (hasArguments) fail(frame, `${name} is not a method but has arguments`)
  const found = map.entries.get(name)
  if (found !== undefined) return reflect(found, map.type.element)
  switch (frame.run.missingKey) {
    case 'default':
    case 'invalid':
      return undefined
    case 'zero':
      return zeroOf(map.type.element)
    case 'error':
      break
  }
  return fail(frame, `map has no entry for key ${quote(name)}`)
}

/**
 * What `.name` of a value is: a struct's field, a map's value, or a method, which is to be called.
 */
export function findField(
  frame: Frame,
  receiver: Reflected,
  name: string,
  hasArguments: boolean,
): Reflected | Method {
  if (receiver === undefined) {
    if (frame.run.missingKey === 'error') {
      fail(frame, `nil data; no entry for key ${quote(name)}`)
    }
    return undefined
  }
  const { value, isNil } = indirect(receiver)
  if (isA(value, 'struct') || isA(value, 'list')) {
    const callee = value.methods?.get(name)
    if (callee !== undefined) return { kind: 'method', callee }
  }
  if (isA(value, 'struct')) {
    const fieldType = value.type.fields.get(name)
    if (fieldType !== undefined) {
      if (hasArguments) fail(frame, `${name} has arguments but cannot be invoked as function`)
      return reflect(value.fields.get(name) ?? null, fieldType)
    }
  }
  if (isA(value, 'map') && isAssignable(stringType, value.type.key)) {
    return inMap(frame, value, name, hasArguments)
  }
  return noField(frame, receiver, isNil ? value : undefined, name)
}

function noField(frame: Frame, receiver: Concrete | Boxed, nil: Reflected, name: string): never {
  const type = typeOf(receiver).name
  const isUnknown =
    isA(nil, 'pointer') && nil.type.element.kind === 'struct' && !nil.type.element.fields.has(name)
  if (nil !== undefined && !isUnknown) fail(frame, `nil pointer evaluating ${type}.${name}`)
  return fail(frame, `can't evaluate field ${name} in type ${type}`)
}
