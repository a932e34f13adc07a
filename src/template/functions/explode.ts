import { compareBytes } from '../go/byte-text.ts'
import { callFailure } from '../go/failure.ts'
import { sprintf } from '../go/fmt/sprintf.ts'
import { anyMapType } from '../go/types.ts'
import { isA } from '../go/values.ts'
import type { GoMap, MapKey, Value } from '../go/values.ts'

type Entries = Map<MapKey, Value>

/** Maps that are being built, with their entries; others belong to the caller and are copied. */
type Building = WeakMap<GoMap, Entries>

function newMap(building: Building, entries: Iterable<readonly [MapKey, Value]> = []) {
  const own = new Map(entries)
  const map: GoMap = { kind: 'map', type: anyMapType, entries: own }
  building.set(map, own)
  return { map, own }
}

/** The entries of the map that is at a key, made if there is none; undefined: it is no map. */
function nested(building: Building, within: Entries, key: string): Entries | undefined {
  const found = within.get(key)
  const known = isA(found, 'map') ? building.get(found) : undefined
  if (known !== undefined) return known
  const isFree = found === undefined
  if (!isFree && !(isA(found, 'map') && found.type.name === anyMapType.name)) return undefined
  const { map, own } = newMap(building, isFree ? [] : found.entries)
  within.set(key, map)
  return own
}

/** A nested map of values by paths with `/`, whose last segment may be empty: then it is left out. */
export function explode(name: string, pairs: Iterable<readonly [string, Value]>): GoMap {
  const building: Building = new WeakMap()
  const { map, own } = newMap(building)
  for (const [path, value] of pairs) {
    const segments = path.split('/')
    const last = segments.pop() ?? ''
    let entries = own
    segments.forEach((segment, level) => {
      // As there, a deep conflict is told with the path from the level above it on.
      const shown = path
        .split('/')
        .slice(Math.max(level - 1, 0))
        .join('/')
      entries = nested(building, entries, segment) ?? conflict(name, shown, segment, entries)
    })
    if (last !== '') entries.set(last, value)
  }
  return map
}

function conflict(name: string, path: string, segment: string, entries: Entries): never {
  const operands = [path, segment, entries.get(segment) ?? null]
  throw callFailure(`${name}: ${sprintf('not a map: %q: %q already has value %q', operands)}`)
}

/** The same of a map's entries, in the order of their keys. */
export function explodeMap(map: GoMap): GoMap {
  const entries = [...map.entries].map(([key, value]) => [String(key), value] as const)
  return explode(
    'explodeMap',
    entries.toSorted(([a], [b]) => compareBytes(a, b)),
  )
}
