import { equalsAny, isLess, isLessOrEqual } from './compare.ts'
import { escapeHtml, escapeJs, escapeQuery } from './escapes.ts'
import { sprint, sprintln } from './fmt/sprint.ts'
import { sprintf } from './fmt/sprintf.ts'
import { reflectedFunction, variadicFunction, variadicReflectedFunction } from './functions.ts'
import { index, lengthOf, slice } from './indexing.ts'
import { defaultLimits } from './limits.ts'
import type { Limits } from './limits.ts'
import { isTrue } from './truth.ts'
import { anyType, stringType } from './types.ts'
import type { GoFunction, Value } from './values.ts'

/** What `html`, `js` and `urlquery` work on. */
function textOf(args: readonly Value[], mostBytes: number): string {
  const [only] = args
  if (args.length === 1 && typeof only === 'string') return only
  const shown = args.map((arg) => arg ?? '<no value>')
  return sprint(shown, mostBytes)
}

/** The functions that make texts, none of them longer than that. */
function printing(mostBytes: number): Readonly<Record<string, GoFunction>> {
  const ofAny = (make: (args: readonly Value[]) => string): GoFunction =>
    variadicFunction([], anyType, (...args) => make(args as readonly Value[]))
  const escaping = (escape: (text: string) => string): GoFunction =>
    ofAny((args) => escape(textOf(args, mostBytes)))
  return {
    html: escaping(escapeHtml),
    js: escaping(escapeJs),
    urlquery: escaping(escapeQuery),
    print: ofAny((args) => sprint(args, mostBytes)),
    println: ofAny((args) => sprintln(args, mostBytes)),
    printf: variadicFunction([stringType], anyType, (format, ...args) =>
      sprintf(format, args as readonly Value[], mostBytes),
    ),
  }
}

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
  ...printing(defaultLimits.textBytes),
}

/** As {@link builtins}, with another limit for the texts they make. */
export function builtinsWithin({ textBytes }: Limits): Readonly<Record<string, GoFunction>> {
  if (textBytes === defaultLimits.textBytes) return builtins
  return { ...builtins, ...printing(textBytes) }
}
