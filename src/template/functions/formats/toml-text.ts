import { compareBytes } from '../../go/byte-text.ts'
import { callFailure } from '../../go/failure.ts'
import { formatFloat } from '../../go/fmt/float-format.ts'
import { isA, reflect, typeOf, valueOf } from '../../go/values.ts'
import type { Concrete, GoMap, Struct, Value } from '../../go/values.ts'
import { checkDepth, checkLength, newOutput, write } from './output.ts'
import type { Output } from './output.ts'

type Table = GoMap | Struct
type Member = readonly [string, Concrete]

const escapes: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\f': '\\f',
  '\r': '\\r',
}

function quoted(text: string): string {
  // oxlint-disable-next-line no-control-regex
  const escaped = text.replaceAll(/["\\\x00-\x1f\x7f]/g, (character) => {
    const hex = character.charCodeAt(0).toString(16).padStart(4, '0')
    return escapes[character] ?? `\\u${hex}`
  })
  return `"${escaped}"`
}

const keyText = (key: string): string => (/^[A-Za-z0-9_-]+$/.test(key) ? key : quoted(key))

/** A number that can be told from a whole one. */
function float(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value < 0 ? '-inf' : '+inf'
  const text = formatFloat(value, 'f', -1)
  return text.includes('.') ? text : `${text}.0`
}

/** What a pointer points at, at any depth; undefined for nil. */
function target(value: Value): Concrete | undefined {
  let inside = value
  while (isA(inside, 'pointer')) inside = inside.target
  return inside ?? undefined
}

const isTable = (value: Value): value is Table =>
  isA(value, 'map') || (isA(value, 'struct') && value.text === undefined)

/** The elements of a list. A TemplateError if one is nil, which TOML has no word for. */
function elements(value: Concrete): readonly Concrete[] | undefined {
  if (value instanceof Uint8Array) return Array.from(value, BigInt)
  if (!isA(value, 'list')) return undefined
  return value.items.map((item) => {
    const element = target(valueOf(reflect(item, value.type.element)))
    if (element !== undefined) return element
    throw callFailure('toml: cannot encode array with nil element')
  })
}

/** The tables of a list that holds nothing else. */
function tablesOf(value: Concrete): readonly Table[] | undefined {
  const items = elements(value)
  const hasOnlyTables = items !== undefined && items.length > 0 && items.every(isTable)
  return hasOnlyTables ? items.filter(isTable) : undefined
}

/** What is in a table, without what is nil: plain values first, then tables. */
function membersOf(table: Table): { plain: readonly Member[]; tables: readonly Member[] } {
  if (table.kind === 'map' && table.type.key.kind !== 'string') {
    throw callFailure('toml: cannot encode a map with non-string key type')
  }
  const all: Member[] = []
  const entries = table.kind === 'map' ? table.entries : table.fields
  for (const [key, value] of entries) {
    const inside = target(value)
    if (inside !== undefined) all.push([String(key), inside])
  }
  if (table.kind === 'map') all.sort(([a], [b]) => compareBytes(a, b))
  const isNested = (value: Concrete) => isTable(value) || tablesOf(value) !== undefined
  return {
    plain: all.filter(([, value]) => !isNested(value)),
    tables: all.filter(([, value]) => isNested(value)),
  }
}

/** Texts in brackets. */
function group(texts: readonly string[]): string {
  checkLength(texts.reduce((length, text) => length + text.length, 0))
  return `[${texts.join(', ')}]`
}

/** A value on one line. */
function inline(value: Concrete, depth: number): string {
  checkDepth(depth)
  if (typeof value === 'string') return quoted(value)
  if (typeof value === 'number') return float(value)
  if (typeof value !== 'object') return String(value)
  const items = elements(value)
  if (items !== undefined) return group(items.map((item) => inline(item, depth + 1)))
  if (isA(value, 'integer')) return String(value.value)
  if (isTable(value)) {
    const { plain, tables } = membersOf(value)
    const members = [...plain, ...tables].map(
      ([key, member]) => `${keyText(key)} = ${inline(member, depth + 1)}`,
    )
    return `{${group(members).slice(1, -1)}}`
  }
  if (isA(value, 'struct')) return quoted(value.text ?? '')
  throw callFailure(`unsupported type: ${typeOf(value).name}`)
}

/** An empty line between what stands at the top; none at the start. */
function separate(output: Output): void {
  if (output.text !== '') write(output, '\n')
}

function writeTable(output: Output, path: readonly string[], table: Table): void {
  checkDepth(path.length)
  const { plain, tables } = membersOf(table)
  const indent = '  '.repeat(path.length)
  for (const [key, value] of plain) {
    write(output, `${indent}${keyText(key)} = ${inline(value, path.length)}\n`)
  }
  for (const [key, value] of tables) {
    const name = [...path, key].map(keyText).join('.')
    const array = tablesOf(value)
    if (array === undefined) {
      if (path.length === 0) separate(output)
      write(output, `${indent}[${name}]\n`)
      if (isTable(value)) writeTable(output, [...path, key], value)
    }
    for (const item of array ?? []) {
      separate(output)
      write(output, `${indent}[[${name}]]\n`)
      writeTable(output, [...path, key], item)
    }
  }
}

/**
 * A map as TOML, as the Go package BurntSushi/toml writes it: tables behind plain values and two
 * spaces further in for each level. Without the last line's end.
 */
export function tomlText(map: GoMap): string {
  const output = newOutput()
  writeTable(output, [], map)
  return output.text
}
