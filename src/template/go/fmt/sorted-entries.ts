import { compareBytes } from '../byte-text.ts'
import { hasChanged } from '../map-changes.ts'
import type { GoType } from '../types.ts'
import { boxed, reflect } from '../values.ts'
import type { GoMap, MapKey, Reflected } from '../values.ts'

/**
 * The order of keys of different types, which only `map[interface {}]…` has. Go orders them by
 * where the types lie in memory; in consul-template's binary strings come before booleans.
 */
const typeOrder: Readonly<Record<string, number>> = { string: 0, boolean: 1, bigint: 2, number: 3 }

function compareKeys(a: MapKey, b: MapKey): number {
  if (typeof a === 'string' && typeof b === 'string') return compareBytes(a, b)
  if (typeof a !== typeof b) return (typeOrder[typeof a] ?? 0) - (typeOrder[typeof b] ?? 0)
  if (a === b) return 0
  // NaN comes before all other numbers.
  if (Number.isNaN(a)) return Number.isNaN(b) ? 0 : -1
  return a < b ? -1 : 1
}

/** A key as a value of the map's key type. */
export function reflectKey(key: MapKey, type: GoType): Reflected {
  if (type.kind === 'interface') return boxed(key)
  if (typeof key !== 'bigint' || type.name === 'int') return key
  return type.kind === 'int' || type.kind === 'uint' ? { kind: 'integer', type, value: key } : key
}

type Entries = readonly (readonly [Reflected, Reflected])[]

/** Of maps that were sorted before: templates go over the same ones again and again. */
const sorted = new WeakMap<GoMap, Entries>()

/** A map's keys and values in the order in which Go prints and iterates over them. */
export function sortedEntries(map: GoMap): Entries {
  const isKept = !hasChanged(map)
  const before = isKept ? sorted.get(map) : undefined
  if (before !== undefined) return before
  const entries = [...map.entries]
    .toSorted(([a], [b]) => compareKeys(a, b))
    .map(
      ([key, value]) => [reflectKey(key, map.type.key), reflect(value, map.type.element)] as const,
    )
  if (isKept) sorted.set(map, entries)
  return entries
}
