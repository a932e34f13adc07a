import { sortedEntries } from './fmt/sorted-entries.ts'
import { uint8Type } from './types.ts'
import { isA, reflect } from './values.ts'
import type { List, Reflected } from './values.ts'

type Entries = readonly (readonly [Reflected, Reflected])[]

/** What a `range` goes over, in order. */
export type Sequence = {
  readonly over: List | Uint8Array | Entries | 'numbers'
  readonly length: number
}

const none: Sequence = { over: 'numbers', length: 0 }

/** Undefined for what cannot be iterated. A number is the numbers below it, since Go 1.24. */
export function sequenceOf(value: Reflected): Sequence | undefined {
  if (value === undefined) return none
  if (typeof value === 'bigint') return { over: 'numbers', length: Number(value) }
  if (typeof value !== 'object') return undefined
  if (value instanceof Uint8Array) return { over: value, length: value.length }
  if (isA(value, 'list')) return { over: value, length: value.items.length }
  if (isA(value, 'integer')) return { over: 'numbers', length: Number(value.value) }
  if (!isA(value, 'map')) return undefined
  const entries = sortedEntries(value)
  return { over: entries, length: entries.length }
}

const isEntries = (over: Sequence['over']): over is Entries => Array.isArray(over)

export function keyAt({ over }: Sequence, position: number): Reflected {
  return isEntries(over) ? over[position]?.[0] : BigInt(position)
}

export function elementAt({ over }: Sequence, position: number): Reflected {
  if (over === 'numbers') return BigInt(position)
  if (over instanceof Uint8Array) {
    return { kind: 'integer', type: uint8Type, value: BigInt(over[position] ?? 0) }
  }
  if (isEntries(over)) return over[position]?.[1]
  return reflect(over.items[position] ?? null, over.type.element)
}
