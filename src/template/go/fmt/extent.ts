import { callFailure } from '../failure.ts'
import { changeCount } from '../map-changes.ts'
import type { Value } from '../values.ts'
import type { Flags } from './flags.ts'

/** How much there is to print: numbers, texts, … and the length of the texts. */
type Extent = { readonly leaves: number; readonly length: number }

const oneLeaf: Extent = { leaves: 1, length: 1 }

/** Parts of a value may be the same: then it is far larger, printed, than it is in memory. */
let known = new WeakMap<object, Extent>()
let knownAt = 0

function extentOf(value: Value): Extent {
  if (typeof value === 'string') return { leaves: 1, length: value.length + 1 }
  if (typeof value !== 'object' || value === null) return oneLeaf
  if (value instanceof Uint8Array) return { leaves: value.length + 1, length: value.length + 1 }
  const before = known.get(value)
  if (before !== undefined) return before
  let leaves = 1
  let length = 1
  for (const part of partsOf(value)) {
    const extent = extentOf(part)
    leaves += extent.leaves
    length += extent.length
  }
  const extent = { leaves, length }
  known.set(value, extent)
  return extent
}

function partsOf(value: Extract<Value, object>): Iterable<Value> {
  if (value instanceof Uint8Array) return []
  switch (value.kind) {
    case 'list':
      return value.items
    case 'map':
      return [...value.entries.keys(), ...value.entries.values()]
    case 'struct':
      return value.fields.values()
    case 'pointer':
      return [value.target]
    case 'integer':
    case 'complex':
    case 'function':
      break
  }
  return []
}

/** Throws if a value, in a format, is certain to be longer than that. */
export function refuseLong(value: Value, { width, precision }: Flags, mostBytes: number): void {
  if (typeof value !== 'object' || value === null) return
  if (knownAt !== changeCount()) {
    // A map that was changed may be inside of any other value.
    known = new WeakMap()
    knownAt = changeCount()
  }
  const { leaves, length } = extentOf(value)
  if (length + leaves * Math.max(width ?? 0, precision ?? 0) > mostBytes) throw tooLong(mostBytes)
}

export function tooLong(mostBytes: number): Error {
  return callFailure(`text of more than ${mostBytes} bytes`)
}
