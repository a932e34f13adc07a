import { equalsAny, isLess, isLessOrEqual } from './compare.ts'
import { escapeHtml, escapeJs, escapeQuery } from './escapes.ts'
import { sprint, sprintln } from './fmt/sprint.ts'
import { sprintf } from './fmt/sprintf.ts'
import { reflectedFunction, variadicFunction, variadicReflectedFunction } from './functions.ts'
import { index, lengthOf, slice } from './indexing.ts'
import { isTrue } from './truth.ts'
import { anyType, stringType } from './types.ts'
import type { GoFunction, Value } from './values.ts'

/** What `html`, `js` and `urlquery` work on. */
function textOf(args: readonly Value[]): string {
  const [only] = args
  if (args.length === 1 && typeof only === 'string') return only
  return sprint(args.map((arg) => arg ?? '<no value>'))
}

const escaping = (escape: (text: string) => string): GoFunction =>
  variadicFunction([], anyType, (...args) => escape(textOf(args as readonly Value[])))

/** The functions that every template has. `and`, `or` and `call` are the evaluator's own. */
export const builtins: Readonly<Record<string, GoFunction>> = {
  and: variadicReflectedFunction(1, (...args) => args.at(-1)),
  or: variadicReflectedFunction(1, (...args) => args.at(-1)),
  call: variadicReflectedFunction(1, () => undefined),
  not: reflectedFunction(1, (arg) => !isTrue(arg)),
  eq: variadicReflectedFunction(1, (first, ...others) => equalsAny(first, others)),
  ne: reflectedFunction(2, (a, b) => !equalsAny(a, [b])),
  lt: reflectedFunction(2, (a, b) => isLess(a, b)),
  le: reflectedFunction(2, (a, b) => isLessOrEqual(a, b)),
  gt: reflectedFunction(2, (a, b) => !isLessOrEqual(a, b)),
  ge: reflectedFunction(2, (a, b) => !isLess(a, b)),
  index: variadicReflectedFunction(1, (item, ...keys) => index(item, keys)),
  slice: variadicReflectedFunction(1, (item, ...indexes) => slice(item, indexes)),
  len: reflectedFunction(1, (item) => BigInt(lengthOf(item))),
  html: escaping(escapeHtml),
  js: escaping(escapeJs),
  urlquery: escaping(escapeQuery),
  print: variadicFunction([], anyType, (...args) => sprint(args as readonly Value[])),
  println: variadicFunction([], anyType, (...args) => sprintln(args as readonly Value[])),
  printf: variadicFunction([stringType], anyType, (format, ...args) =>
    sprintf(format, args as readonly Value[]),
  ),
}
