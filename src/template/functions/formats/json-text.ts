import { compareBytes, isInvalidByte } from '../../go/byte-text.ts'
import { callFailure } from '../../go/failure.ts'
import { formatFloat } from '../../go/fmt/float-format.ts'
import { reflect, typeOf, valueOf } from '../../go/values.ts'
import type { Concrete, GoMap, Struct, Value } from '../../go/values.ts'
import { checkDepth, newOutput, write } from './output.ts'
import type { Output } from './output.ts'

export type JsonStyle = {
  /** Each item on a line of its own, two spaces further in for each level. */
  readonly isPretty?: boolean
  /** `<`, `>` and `&` escaped, so that the text can stand in HTML. */
  readonly isSafeInHtml?: boolean
}

type Writing = Output & { readonly style: JsonStyle }

const shortEscapes: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
}

// oxlint-disable-next-line no-control-regex
const escapedAlways = /["\\\x00-\x1f\u2028\u2029]|\p{Surrogate}/gu
// oxlint-disable-next-line no-control-regex
const escapedInHtml = /["\\\x00-\x1f<>&\u2028\u2029]|\p{Surrogate}/gu

function escaped(character: string): string {
  const codePoint = character.codePointAt(0) ?? 0
  // A byte that is not UTF-8 has no place in JSON.
  if (isInvalidByte(codePoint) || codePoint > 0xd7ff) return '\\ufffd'
  return shortEscapes[character] ?? `\\u${codePoint.toString(16).padStart(4, '0')}`
}

function quoted(text: string, { isSafeInHtml = false }: JsonStyle): string {
  return `"${text.replaceAll(isSafeInHtml ? escapedInHtml : escapedAlways, escaped)}"`
}

function number(value: number): string {
  if (!Number.isFinite(value)) {
    throw callFailure(`json: unsupported value: ${formatFloat(value, 'g', -1)}`)
  }
  return Object.is(value, -0) ? '-0' : String(value)
}

function unsupported(value: Concrete): never {
  throw callFailure(`json: unsupported type: ${typeOf(value).name}`)
}

type Member = readonly [string, Value]

function membersOfMap(map: GoMap): readonly Member[] {
  const { kind } = map.type.key
  if (!['string', 'int', 'uint'].includes(kind)) unsupported(map)
  return [...map.entries]
    .map(([key, value]): Member => [String(key), valueOf(reflect(value, map.type.element))])
    .toSorted(([a], [b]) => compareBytes(a, b))
}

const membersOfStruct = (struct: Struct): readonly Member[] =>
  [...struct.type.fields.keys()].map((name) => [name, struct.fields.get(name) ?? null])

function writeGroup<Item>(
  writing: Writing,
  [open, close]: readonly [string, string],
  items: readonly Item[],
  depth: number,
  writeItem: (item: Item) => void,
): void {
  const line = (level: number) => (writing.style.isPretty ? `\n${'  '.repeat(level)}` : '')
  write(writing, open)
  items.forEach((item, index) => {
    write(writing, (index > 0 ? ',' : '') + line(depth + 1))
    writeItem(item)
  })
  write(writing, (items.length > 0 ? line(depth) : '') + close)
}

function writeMembers(writing: Writing, members: readonly Member[], depth: number): void {
  const colon = writing.style.isPretty ? ': ' : ':'
  writeGroup(writing, ['{', '}'], members, depth, ([key, value]) => {
    write(writing, quoted(key, writing.style) + colon)
    writeValue(writing, value, depth + 1)
  })
}

function writeValue(writing: Writing, value: Value, depth: number): void {
  checkDepth(depth)
  if (value === null || typeof value === 'boolean' || typeof value === 'bigint') {
    write(writing, String(value))
  } else if (typeof value === 'number') {
    write(writing, number(value))
  } else if (typeof value === 'string') {
    write(writing, quoted(value, writing.style))
  } else if (value instanceof Uint8Array) {
    write(writing, `"${Buffer.from(value).toString('base64')}"`)
  } else {
    writeComposite(writing, value, depth)
  }
}

function writeComposite(
  writing: Writing,
  value: Exclude<Extract<Value, object>, Uint8Array>,
  depth: number,
): void {
  switch (value.kind) {
    case 'integer':
      return write(writing, String(value.value))
    case 'list':
      return writeGroup(writing, ['[', ']'], value.items, depth, (item) => {
        writeValue(writing, valueOf(reflect(item, value.type.element)), depth + 1)
      })
    case 'map':
      return writeMembers(writing, membersOfMap(value), depth)
    case 'struct':
      if (value.text !== undefined) return write(writing, quoted(value.text, writing.style))
      return writeMembers(writing, membersOfStruct(value), depth)
    case 'pointer':
      return writeValue(writing, value.target, depth + 1)
    case 'complex':
    case 'function':
      break
  }
  return unsupported(value)
}

/**
 * A value as JSON, as Go's encoding/json writes it: maps in the order of their keys, structs in
 * that of their fields, `[]byte` in base64. A TemplateError for what JSON cannot hold.
 */
export function jsonText(value: Value, style: JsonStyle): string {
  const writing: Writing = { ...newOutput(), style }
  writeValue(writing, value, 0)
  return writing.text
}
