import { greatestDepth, syntaxMistake } from './syntax.ts'
import type { ConfigEntry, ConfigNode, Place, Source } from './syntax.ts'

type Reading = { readonly source: Source; at: number; depth: number }

const blank = /[ \t\r\n]*/y
const quoted = /"[^"\\\n]*(?:\\[^\n][^"\\\n]*)*"/y
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const word = /true|false|null/y

/**
 * Parses JSON, one object, with the places that messages name. A key that occurs twice counts
 * twice, as in HCL. Throws a ConfigMistake with the place.
 */
export function parseJsonConfig(source: Source): ConfigNode {
  const reading: Reading = { source, at: 0, depth: 0 }
  const node = readValue(reading)
  skip(reading)
  if (reading.at < source.text.length) throw unexpected(reading)
  return node
}

function here({ source, at }: Reading): Place {
  return { source, offset: at }
}

function skip(reading: Reading): void {
  reading.at += match(blank, reading)?.length ?? 0
}

function match(pattern: RegExp, { source, at }: Reading): string | undefined {
  pattern.lastIndex = at
  return pattern.exec(source.text)?.[0]
}

function unexpected(reading: Reading) {
  const found = reading.source.text[reading.at]
  const what = found === undefined ? 'end of the text' : JSON.stringify(found)
  return syntaxMistake(here(reading), `unexpected ${what}`)
}

/** Takes one of these characters, behind space, or fails. */
function takeOne(reading: Reading, wanted: string): string {
  skip(reading)
  const found = reading.source.text[reading.at]
  if (found === undefined || !wanted.includes(found)) throw unexpected(reading)
  reading.at += 1
  return found
}

function readValue(reading: Reading): ConfigNode {
  skip(reading)
  const place = here(reading)
  const first = reading.source.text[reading.at]
  if (first === '{') return { kind: 'block', entries: readMany(reading, '}', readEntry), place }
  if (first === '[') return { kind: 'list', items: readMany(reading, ']', readValue), place }
  if (first === '"') return { kind: 'text', text: readText(reading), place }
  const known = match(word, reading)
  reading.at += known?.length ?? 0
  if (known === 'null') return { kind: 'null', place }
  if (known !== undefined) return { kind: 'bool', value: known === 'true', place }
  const digits = match(number, reading)
  if (digits === undefined) throw unexpected(reading)
  reading.at += digits.length
  return { kind: 'number', value: Number(digits), isInteger: /^-?\d+$/.test(digits), place }
}

/** From the opening bracket to the closing one, with commas between; one may be behind the last. */
function readMany<Item>(
  reading: Reading,
  closing: string,
  read: (reading: Reading) => Item,
): readonly Item[] {
  reading.depth += 1
  if (reading.depth > greatestDepth) throw syntaxMistake(here(reading), 'nested too deeply')
  reading.at += 1
  const items: Item[] = []
  for (;;) {
    skip(reading)
    if (reading.source.text[reading.at] === closing) break
    items.push(read(reading))
    if (takeOne(reading, `,${closing}`) === ',') continue
    reading.at -= 1
    break
  }
  reading.at += 1
  reading.depth -= 1
  return items
}

function readEntry(reading: Reading): ConfigEntry {
  const place = here(reading)
  const name = readText(reading)
  takeOne(reading, ':')
  return { name, place, value: readValue(reading) }
}

function readText(reading: Reading): string {
  const written = match(quoted, reading)
  if (written === undefined) throw unexpected(reading)
  try {
    // A tab may stand in it as it is.
    const text: unknown = JSON.parse(written.replaceAll('\t', String.raw`\t`))
    if (typeof text !== 'string') throw unexpected(reading)
    reading.at += written.length
    return text
  } catch {
    throw syntaxMistake(here(reading), 'a text with a wrong escape')
  }
}
