import { callFailure } from '../../go/failure.ts'
import { goFunction } from '../../go/functions.ts'
import { quote } from '../../go/quote.ts'
import { compareBytes } from '../../go/byte-text.ts'
import { noteChange } from '../../go/map-changes.ts'
import { anyMapType, anySliceType, anyType, stringType } from '../../go/types.ts'
import type { StructType } from '../../go/types.ts'
import { isA, list } from '../../go/values.ts'
import type { GoFunction, GoMap, MapKey, Value } from '../../go/values.ts'
import type { FunctionMaker } from '../function-set.ts'
import { refuseManyItems } from './bounds.ts'

const scratchType: StructType = { kind: 'struct', name: 'template.Scratch', fields: new Map() }

/** What a template puts aside while it is evaluated. */
class Scratch {
  readonly #values = new Map<string, Value>()
  /** Maps that were made here and can be changed. Whoever got one sees what is set later. */
  readonly #own = new WeakMap<GoMap, Map<MapKey, Value>>()
  #count = 0

  has(key: string): boolean {
    return this.#values.has(key)
  }

  get(key: string): Value {
    return this.#values.get(key) ?? null
  }

  set(key: string, value: Value): string {
    if (!this.#values.has(key)) this.#grow()
    this.#values.set(key, this.#kept(value))
    return ''
  }

  /** Sets an entry of a map, which is made if there is none. */
  setEntry(key: string, entry: string, value: Value, isReplacing: boolean): string {
    const entries = this.#entriesOf(key)
    if (!entries.has(entry)) this.#grow()
    else if (!isReplacing) return ''
    entries.set(entry, this.#kept(value))
    const map = this.get(key)
    if (isA(map, 'map')) noteChange(map)
    return ''
  }

  /** The values of a map in the order of their keys; none of anything else. */
  entries(key: string): readonly Value[] {
    const map = this.get(key)
    if (!isA(map, 'map') || map.type.name !== anyMapType.name) return []
    return [...map.entries]
      .toSorted(([a], [b]) => compareBytes(String(a), String(b)))
      .map(([, value]) => value)
  }

  #grow(): void {
    this.#count++
    refuseManyItems(this.#count)
  }

  /** A map of ours is put into others as it is now: so no map can come to be inside itself. */
  #kept(value: Value): Value {
    const entries = isA(value, 'map') ? this.#own.get(value) : undefined
    if (entries === undefined) return value
    this.#count += entries.size
    refuseManyItems(this.#count)
    return { kind: 'map', type: anyMapType, entries: new Map(entries) }
  }

  #entriesOf(key: string): Map<MapKey, Value> {
    const present = this.#values.get(key)
    const own = isA(present, 'map') ? this.#own.get(present) : undefined
    if (own !== undefined) return own
    if (present !== undefined && !(isA(present, 'map') && present.type.name === anyMapType.name)) {
      throw callFailure(`${quote(key)} is not a map`)
    }
    const entries = new Map(present?.entries)
    const map: GoMap = { kind: 'map', type: anyMapType, entries }
    this.#own.set(map, entries)
    this.#values.set(key, map)
    this.#count += entries.size
    refuseManyItems(this.#count)
    return entries
  }
}

function methodsOf(scratch: Scratch): ReadonlyMap<string, GoFunction> {
  const setting = (isReplacing: boolean) =>
    goFunction([stringType, anyType], (key, value) =>
      isReplacing || !scratch.has(key) ? scratch.set(key, value) : '',
    )
  const settingEntry = (isReplacing: boolean) =>
    goFunction([stringType, stringType, anyType], (key, entry, value) =>
      scratch.setEntry(key, entry, value, isReplacing),
    )
  return new Map([
    ['Key', goFunction([stringType], (key) => scratch.has(key))],
    ['Get', goFunction([stringType], (key) => scratch.get(key))],
    ['Set', setting(true)],
    ['SetX', setting(false)],
    ['MapSet', settingEntry(true)],
    ['MapSetX', settingEntry(false)],
    ['MapValues', goFunction([stringType], (key) => list(anySliceType, scratch.entries(key)))],
  ])
}

/** `scratch`, one for each evaluation. */
export const scratchFunctions: FunctionMaker = () => {
  const methods = methodsOf(new Scratch())
  const value = { kind: 'struct', type: scratchType, fields: new Map(), methods } as const
  return { scratch: goFunction([], () => value) }
}
