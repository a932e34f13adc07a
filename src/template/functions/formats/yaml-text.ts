import { callFailure } from '../../go/failure.ts'
import { formatFloat } from '../../go/fmt/float-format.ts'
import { reflect, typeOf, valueOf } from '../../go/values.ts'
import type { MapKey, Value } from '../../go/values.ts'
import { checkDepth, newLine, newOutput, write } from './output.ts'
import type { Output } from './output.ts'
import { compareKeys } from './yaml-key-order.ts'
import { canBeSimpleKey, writeText } from './yaml-scalar-text.ts'

type Entry = readonly [MapKey, Value]

/** A value in one of the three shapes that YAML has. */
type Shape =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'plain'; readonly text: string }
  | { readonly kind: 'list'; readonly items: readonly Value[] }
  | { readonly kind: 'map'; readonly entries: readonly Entry[] }

function float(value: number): string {
  if (Number.isNaN(value)) return '.nan'
  if (!Number.isFinite(value)) return value < 0 ? '-.inf' : '.inf'
  return formatFloat(value, 'g', -1)
}

function shapeOf(value: Value): Shape {
  if (typeof value === 'string') return { kind: 'text', text: value }
  if (typeof value === 'number') return { kind: 'plain', text: float(value) }
  if (value === null || typeof value !== 'object') return { kind: 'plain', text: String(value) }
  if (value instanceof Uint8Array) return { kind: 'list', items: Array.from(value, BigInt) }
  switch (value.kind) {
    case 'integer':
      return { kind: 'plain', text: String(value.value) }
    case 'list': {
      const { element } = value.type
      return { kind: 'list', items: value.items.map((item) => valueOf(reflect(item, element))) }
    }
    case 'map': {
      const { element } = value.type
      const entries = [...value.entries].map(([key, item]): Entry => [
        key,
        valueOf(reflect(item, element)),
      ])
      return { kind: 'map', entries: entries.toSorted(([a], [b]) => compareKeys(a, b)) }
    }
    case 'struct': {
      if (value.text !== undefined) return { kind: 'text', text: value.text }
      const names = [...value.type.fields.keys()]
      const entries = names.map((name): Entry => [
        name.toLowerCase(),
        value.fields.get(name) ?? null,
      ])
      return { kind: 'map', entries }
    }
    case 'pointer':
      return shapeOf(value.target)
    case 'complex':
    case 'function':
      break
  }
  throw callFailure(`cannot marshal type: ${typeOf(value).name}`)
}

/** Writes a value behind something on the same line: the marker of an item, or a key that is long. */
function writeCompact(output: Output, value: Value, indent: number, depth: number): void {
  const shape = shapeOf(value)
  checkDepth(depth)
  if (shape.kind === 'map' && shape.entries.length > 0) {
    writeEntries(output, shape.entries, indent, depth)
  } else if (shape.kind === 'list' && shape.items.length > 0) {
    writeItems(output, shape.items, indent, depth)
  } else {
    writeShort(output, shape, indent, false)
  }
}

/** Writes what is no block: a scalar, an empty list or an empty map. */
function writeShort(output: Output, shape: Shape, indent: number, isKey: boolean): void {
  if (shape.kind === 'text') writeText(output, shape.text, indent, isKey)
  else if (shape.kind === 'plain') write(output, shape.text)
  else write(output, shape.kind === 'map' ? '{}' : '[]')
}

function writeItems(output: Output, items: readonly Value[], indent: number, depth: number): void {
  items.forEach((item, index) => {
    if (index > 0) newLine(output, indent)
    write(output, '- ')
    writeCompact(output, item, indent + 2, depth + 1)
  })
}

function writeEntries(output: Output, entries: readonly Entry[], indent: number, depth: number) {
  entries.forEach(([key, value], index) => {
    if (index > 0) newLine(output, indent)
    if (typeof key === 'string' && !canBeSimpleKey(key)) {
      write(output, '? ')
      writeText(output, key, indent + 2, false)
      newLine(output, indent)
      write(output, ': ')
      writeCompact(output, value, indent + 2, depth + 1)
      return
    }
    writeShort(output, shapeOf(key), indent, true)
    write(output, ':')
    writeAfterKey(output, value, indent, depth + 1)
  })
}

function writeAfterKey(output: Output, value: Value, indent: number, depth: number): void {
  const shape = shapeOf(value)
  checkDepth(depth)
  if (shape.kind === 'map' && shape.entries.length > 0) {
    newLine(output, indent + 2)
    writeEntries(output, shape.entries, indent + 2, depth)
  } else if (shape.kind === 'list' && shape.items.length > 0) {
    // The items of a list stand right under its key, not further in.
    newLine(output, indent)
    writeItems(output, shape.items, indent, depth)
  } else {
    write(output, ' ')
    writeShort(output, shape, indent + 2, false)
  }
}

/**
 * A value as YAML, as the Go package yaml.v2 writes it: blocks of two spaces, lists not indented
 * under their keys, keys in natural order, long lines folded. Without the last line's end.
 */
export function yamlText(value: Value): string {
  const output = newOutput()
  const shape = shapeOf(value)
  if (shape.kind === 'map' || shape.kind === 'list') writeCompact(output, value, 0, 0)
  else writeShort(output, shape, 2, false)
  return output.text
}
