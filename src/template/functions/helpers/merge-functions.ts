import { goFunction } from '../../go/functions.ts'
import { anyMapType } from '../../go/types.ts'
import type { MapType } from '../../go/types.ts'
import { isTrue } from '../../go/truth.ts'
import { goMap, isA } from '../../go/values.ts'
import type { GoFunction, GoMap, Value } from '../../go/values.ts'
import type { FunctionSet } from '../function-set.ts'
import { refuseManyItems } from './bounds.ts'

const mapParameter = anyMapType as MapType<GoMap>

/** What counts as not set: nil, false, 0, "" and what is empty. */
const isEmpty = (value: Value): boolean => !isTrue(value ?? undefined)

type Merging = {
  readonly hasSourcePrecedence: boolean
  /** Entries so far. Maps may be parts of several others, and then be more when they are merged. */
  count: number
}

/** A map with the entries of both; maps that both have under a key are merged, too. */
function merged(merging: Merging, target: GoMap, source: GoMap): GoMap {
  merging.count += target.entries.size + source.entries.size
  refuseManyItems(merging.count)
  const entries = new Map(target.entries)
  for (const [key, value] of source.entries) {
    const present = entries.get(key) ?? null
    if (value === null) {
      if (merging.hasSourcePrecedence) entries.set(key, null)
    } else if (isA(value, 'map') && isA(present, 'map') && value.type.name === present.type.name) {
      entries.set(key, merged(merging, present, value))
    } else if (merging.hasSourcePrecedence || isEmpty(present)) {
      entries.set(key, value)
    }
  }
  return goMap(target.type, entries)
}

function merging(hasSourcePrecedence: boolean): GoFunction {
  return goFunction([mapParameter, mapParameter], (target, source) =>
    merged({ hasSourcePrecedence, count: 0 }, target, source),
  )
}

/** Functions that merge two maps: the first one's values count, or the second one's. */
export const mergeFunctions: FunctionSet = {
  mergeMap: merging(false),
  mergeMapWithOverride: merging(true),
}
