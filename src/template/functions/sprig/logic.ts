import { callFailure } from '../../go/failure.ts'
import { goFunction, variadicFunction } from '../../go/functions.ts'
import { anyType, boolType, stringType } from '../../go/types.ts'
import { typeOf } from '../../go/values.ts'
import type { Value } from '../../go/values.ts'
import type { FunctionSet } from '../function-set.ts'
import { kindOf } from './convert.ts'
import { deepCopy, isDeepEqual, isEmpty } from './deep.ts'

const typeName = (value: Value): string => (value === null ? '<nil>' : typeOf(value).name)

const copy = goFunction([anyType], deepCopy)

/** Choosing between values, and asking for their types. */
export const logicFunctions: FunctionSet = {
  hello: goFunction([], () => 'Hello!'),
  default: variadicFunction([anyType], anyType, (fallback, ...given) => {
    const [value = null] = given as readonly Value[]
    return isEmpty(value) ? fallback : value
  }),
  empty: goFunction([anyType], isEmpty),
  coalesce: variadicFunction([], anyType, (...values) => {
    return (values as readonly Value[]).find((value) => !isEmpty(value)) ?? null
  }),
  all: variadicFunction([], anyType, (...values) => !(values as readonly Value[]).some(isEmpty)),
  any: variadicFunction([], anyType, (...values) => !(values as readonly Value[]).every(isEmpty)),
  ternary: goFunction([anyType, anyType, boolType], (yes, no, isYes) => (isYes ? yes : no)),
  fail: goFunction([stringType], (message) => {
    throw callFailure(message)
  }),
  deepCopy: copy,
  mustDeepCopy: copy,
  deepEqual: goFunction([anyType, anyType], isDeepEqual),
  typeOf: goFunction([anyType], typeName),
  typeIs: goFunction([stringType, anyType], (name, value) => name === typeName(value)),
  typeIsLike: goFunction(
    [stringType, anyType],
    (name, value) => name === typeName(value) || `*${name}` === typeName(value),
  ),
  kindOf: goFunction([anyType], kindOf),
  kindIs: goFunction([stringType, anyType], (kind, value) => kind === kindOf(value)),
}
