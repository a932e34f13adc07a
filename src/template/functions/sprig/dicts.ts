import { callFailure } from '../../go/failure.ts'
import { goFunction, variadicFunction } from '../../go/functions.ts'
import { anyType, stringType } from '../../go/types.ts'
import { noteChange } from '../../go/map-changes.ts'
import { isA, typeOf } from '../../go/values.ts'
import type { GoFunction, GoMap, MapKey, Value } from '../../go/values.ts'
import type { FunctionSet } from '../function-set.ts'
import { checkDepth } from '../formats/output.ts'
import { anyList, checkCount, dictOf, dictParameter, textList, textOf } from './convert.ts'
import { isEmpty } from './deep.ts'

/** The entries of a dict to be changed: `set`, `unset` and `merge` change the one they are given. */
function changeable(dict: GoMap): Map<MapKey, Value> {
  noteChange(dict)
  return dict.entries as Map<MapKey, Value>
}

const dictsOf = (values: readonly unknown[]): readonly GoMap[] => values as readonly GoMap[]

function newDict(values: readonly Value[]): GoMap {
  const entries = new Map<MapKey, Value>()
  for (let at = 0; at < values.length; at += 2) {
    const value = values[at + 1]
    entries.set(textOf(values[at] ?? null), value === undefined ? '' : value)
  }
  return dictOf(entries)
}

function wantedDict(value: Value): GoMap {
  if (isA(value, 'map') && value.type.name === dictParameter.name) return value
  const found = value === null ? 'nil' : typeOf(value).name
  throw callFailure(`interface conversion: interface {} is ${found}, not map[string]interface {}`)
}

/** What is at the end of a path of keys, or the value given for none: `dig KEY… DEFAULT DICT`. */
function dig(values: readonly Value[]): Value {
  if (values.length < 3) throw callFailure('dig needs at least three arguments')
  const keys = values.slice(0, -2)
  const fallback = values.at(-2) ?? null
  let found: Value = values.at(-1) ?? null
  for (const key of keys) {
    if (typeof key !== 'string') {
      const type = key === null ? 'nil' : typeOf(key).name
      throw callFailure(`interface conversion: interface {} is ${type}, not string`)
    }
    const inside = wantedDict(found).entries.get(key)
    if (inside === undefined) return fallback
    found = inside
  }
  return found
}

/** Whether a map in one place meets one of the same type in the other. */
const areMaps = (a: Value, b: Value): boolean =>
  isA(a, 'map') && isA(b, 'map') && a.type.name === b.type.name

/** How often maps have been merged: those that are shared in many places take many steps. */
type Merging = { readonly isOverwriting: boolean; count: number }

function mergeInto(target: GoMap, source: GoMap, merging: Merging, depth: number): void {
  checkDepth(depth)
  checkCount('merge', ++merging.count)
  if (target === source) return
  for (const [key, value] of source.entries) {
    const old = target.entries.get(key)
    if (old !== undefined && areMaps(old, value) && isA(old, 'map') && isA(value, 'map')) {
      mergeInto(old, value, merging, depth + 1)
    } else if (old === undefined || isEmpty(old) || (merging.isOverwriting && replaces(value))) {
      changeable(target).set(key, value)
    }
  }
}

/** An empty list takes no other's place. */
const replaces = (value: Value): boolean => !isA(value, 'list') || value.items.length > 0

const merging = (isOverwriting: boolean): GoFunction =>
  variadicFunction([dictParameter], dictParameter, (target, ...sources) => {
    for (const source of dictsOf(sources)) mergeInto(target, source, { isOverwriting, count: 0 }, 0)
    return target
  })

function chosen(dict: GoMap, isChosen: (key: MapKey) => boolean): GoMap {
  return dictOf([...dict.entries].filter(([key]) => isChosen(key)))
}

function pluck(key: string, dicts: readonly GoMap[]): readonly Value[] {
  return dicts.flatMap((dict) => {
    const value = dict.entries.get(key)
    return value === undefined ? [] : [value]
  })
}

const keysOf = (dict: GoMap): readonly string[] => [...dict.entries.keys()].map(String)

/** Maps with texts as keys. */
export const dictFunctions: FunctionSet = {
  dict: variadicFunction([], anyType, (...values) => newDict(values as readonly Value[])),
  get: goFunction([dictParameter, stringType], (dict, key) => {
    const value = dict.entries.get(key)
    return value === undefined ? '' : value
  }),
  set: goFunction([dictParameter, stringType, anyType], (dict, key, value) => {
    changeable(dict).set(key, value)
    return dict
  }),
  unset: goFunction([dictParameter, stringType], (dict, key) => {
    changeable(dict).delete(key)
    return dict
  }),
  hasKey: goFunction([dictParameter, stringType], (dict, key) => dict.entries.has(key)),
  pluck: variadicFunction([stringType], dictParameter, (key, ...dicts) =>
    anyList(pluck(key, dictsOf(dicts))),
  ),
  keys: variadicFunction([], dictParameter, (...dicts) => textList(dictsOf(dicts).flatMap(keysOf))),
  values: goFunction([dictParameter], (dict) => anyList([...dict.entries.values()])),
  pick: variadicFunction([dictParameter], stringType, (dict, ...keys) =>
    chosen(dict, (key) => (keys as readonly MapKey[]).includes(key)),
  ),
  omit: variadicFunction([dictParameter], stringType, (dict, ...keys) =>
    chosen(dict, (key) => !(keys as readonly MapKey[]).includes(key)),
  ),
  dig: variadicFunction([], anyType, (...values) => dig(values as readonly Value[])),
  merge: merging(false),
  mustMerge: merging(false),
  mergeOverwrite: merging(true),
  mustMergeOverwrite: merging(true),
}
