import { callFailure } from '../go/failure.ts'
import { goFunction } from '../go/functions.ts'
import { quote } from '../go/quote.ts'
import { anyMapType, anySliceType, anyType, intType, mapOf, stringType } from '../go/types.ts'
import type { MapType, SliceType } from '../go/types.ts'
import { goMap, isA, list, typeOf } from '../go/values.ts'
import type { GoMap, List, MapKey, Pointer, Struct, Value } from '../go/values.ts'
import { catalogSnippets, healthServices, keyPair, keyPairs } from './consul-structures.ts'
import { explode, explodeMap } from './explode.ts'
import type { FunctionSet } from './function-set.ts'

const servicesParameter = healthServices.type as SliceType<List>
const pairsParameter = keyPairs.type as SliceType<List>
const mapParameter = anyMapType as MapType<GoMap>

/** The struct that an item of a list points at; undefined for a nil pointer. */
function structIn(item: Value): Struct | undefined {
  const target = isA(item, 'pointer') ? item.target : item
  return isA(target, 'struct') ? target : undefined
}

function textField(struct: Struct | undefined, name: string): string {
  const field = struct?.fields.get(name)
  return typeof field === 'string' ? field : ''
}

/** Items by their keys, each key's in the order of the list. */
function grouped(
  items: readonly Value[],
  keysOf: (struct: Struct | undefined) => readonly MapKey[],
): ReadonlyMap<MapKey, readonly Value[]> {
  const groups = new Map<MapKey, Value[]>()
  for (const item of items) {
    for (const key of keysOf(structIn(item))) {
      const group = groups.get(key)
      if (group === undefined) groups.set(key, [item])
      else group.push(item)
    }
  }
  return groups
}

function mapOfGroups(
  groups: ReadonlyMap<MapKey, readonly Value[]>,
  keyType: typeof stringType | typeof intType,
  listType: SliceType,
): GoMap {
  const entries = [...groups].map(([key, items]) => [key, list(listType, items)] as const)
  return goMap(mapOf(keyType, listType), entries)
}

/** The items of a list of one of the given types; nil is an empty one. */
function itemsOf(name: string, value: Value, types: readonly SliceType[]): readonly Value[] {
  if (value === null) return []
  if (isA(value, 'list') && types.some((type) => type.name === value.type.name)) return value.items
  throw callFailure(`${name}: wrong argument type ${typeOf(value).name}`)
}

function tagsOf(struct: Struct | undefined): readonly string[] {
  const tags = struct?.fields.get('Tags')
  return isA(tags, 'list') ? tags.items.map(String) : []
}

function portOf(struct: Struct | undefined): readonly bigint[] {
  const port = struct?.fields.get('Port')
  return typeof port === 'bigint' ? [port] : []
}

/** A number in five digits, as `|int` wants the values of a service's metadata. */
function fiveDigits(text: string): string {
  const fail = (reason: string) =>
    callFailure(`cannot parse ${text} as number : strconv.Atoi: parsing ${quote(text)}: ${reason}`)
  if (!/^[+-]?[0-9]+$/.test(text)) throw fail('invalid syntax')
  const number = BigInt(text.replace(/^\+/, ''))
  if (BigInt.asIntN(64, number) !== number) throw fail('value out of range')
  const isNegative = number < 0n
  const digits = String(isNegative ? -number : number)
  return isNegative ? `-${digits.padStart(4, '0')}` : digits.padStart(5, '0')
}

/** One part of a group's name by `byMeta`: a value of the metadata, made fit for a name. */
function metaPart(struct: Struct | undefined, wanted: string): string {
  const isNumber = wanted.endsWith('|int')
  const key = isNumber ? wanted.slice(0, -'|int'.length) : wanted
  const meta = struct?.fields.get('ServiceMeta')
  const found = isA(meta, 'map') ? meta.entries.get(key) : undefined
  const value = typeof found === 'string' ? found : ''
  const shown = value || (isNumber ? '0' : `_no_${key}_`)
  return (isNumber ? fiveDigits(shown) : shown).replaceAll(/[^a-zA-Z0-9_-]/gu, '_')
}

/** Pairs by the first segment of their keys, and below that by the rest. */
function byKey(pairs: List): GoMap {
  const inner = mapOf(stringType, keyPair.pointerType)
  const groups = new Map<string, Map<string, Value>>()
  for (const item of pairs.items) {
    const struct = structIn(item)
    const [top = '', ...segments] = textField(struct, 'Key').split('/')
    const rest = segments.join('/')
    if (struct === undefined || rest === '') continue
    const target: Struct = { ...struct, fields: new Map([...struct.fields, ['Key', rest]]) }
    const pair: Pointer = { kind: 'pointer', type: keyPair.pointerType, target }
    const group = groups.get(top) ?? new Map<string, Value>()
    groups.set(top, group.set(rest, pair))
  }
  return goMap(
    mapOf(stringType, inner),
    [...groups].map(([top, entries]) => [top, goMap(inner, entries)] as const),
  )
}

/** Functions that group and nest what the catalogue and the key-value store gave. */
export const groupingFunctions: FunctionSet = {
  byTag: goFunction([anyType], (value) => {
    const items = itemsOf('byTag', value, [catalogSnippets.type, healthServices.type])
    return mapOfGroups(grouped(items, tagsOf), stringType, anySliceType)
  }),
  byPort: goFunction([anyType], (value) => {
    const items = itemsOf('byPort', value, [healthServices.type])
    return mapOfGroups(grouped(items, portOf), intType, anySliceType)
  }),
  byMeta: goFunction([stringType, servicesParameter], (keys, services) => {
    const wanted = keys.split(',')
    const nameOf = (struct: Struct | undefined) => [
      wanted.map((key) => metaPart(struct, key)).join('_'),
    ]
    return mapOfGroups(grouped(services.items, nameOf), stringType, healthServices.type)
  }),
  byKey: goFunction([pairsParameter], byKey),
  explode: goFunction([pairsParameter], (pairs) =>
    explode(
      'explode',
      pairs.items.map((item) => {
        const struct = structIn(item)
        return [textField(struct, 'Key'), textField(struct, 'Value')] as const
      }),
    ),
  ),
  explodeMap: goFunction([mapParameter], explodeMap),
}
