import { tokensOf } from './hcl-lexer.ts'
import type { Token } from './hcl-lexer.ts'
import { greatestDepth, syntaxMistake } from './syntax.ts'
import type { ConfigBlock, ConfigEntry, ConfigNode, Place, Source } from './syntax.ts'

/** Words of a text and how many of them are read. */
type Reading = { readonly tokens: readonly Token[]; next: number; depth: number }

/**
 * Parses HCL, version 1: `key = value`, `key { … }`, `key "label" { … }`, several on one line,
 * with or without commas between them. Throws a ConfigMistake with the place.
 */
export function parseHcl(source: Source): ConfigNode {
  const reading: Reading = { tokens: tokensOf(source), next: 0, depth: 0 }
  const entries = readEntries(reading)
  const { kind, place } = peek(reading)
  if (kind !== 'end') throw syntaxMistake(place, `object expected a key, got ${kind}`)
  return { kind: 'block', entries, place: { source, offset: 0 } }
}

function peek({ tokens, next }: Reading): Token {
  // The last one is the end, which is never passed.
  return tokens[Math.min(next, tokens.length - 1)] as Token
}

function take(reading: Reading): Token {
  const token = peek(reading)
  reading.next += 1
  return token
}

function readEntries(reading: Reading): readonly ConfigEntry[] {
  const entries: ConfigEntry[] = []
  while (peek(reading).kind === 'name' || peek(reading).kind === 'text') {
    entries.push(readEntry(reading))
    if (peek(reading).kind === ',') take(reading)
  }
  return entries
}

function readEntry(reading: Reading): ConfigEntry {
  const keys: { readonly name: string; readonly place: Place }[] = []
  for (;;) {
    const token = take(reading)
    if (keys.length > greatestDepth) throw syntaxMistake(token.place, 'nested too deeply')
    if (token.kind === 'name' || token.kind === 'text') {
      keys.push({ name: token.text, place: token.place })
    } else if (token.kind === '=' && keys.length === 1) {
      return labelled(keys, readValue(reading))
    } else if (token.kind === '{') {
      return labelled(keys, { ...readBlock(reading, token.place), place: token.place })
    } else if (token.kind === '=') {
      throw syntaxMistake(token.place, 'nested object expected: LBRACE got: ASSIGN')
    } else {
      const key = keys[0]?.name ?? ''
      throw syntaxMistake(
        token.place,
        `key '${key}' expected start of object ('{') or assignment ('=')`,
      )
    }
  }
}

/** `a "b" { … }` says the same as `a { b { … } }`. */
function labelled(
  keys: readonly { readonly name: string; readonly place: Place }[],
  value: ConfigNode,
): ConfigEntry {
  const whole = keys.toReversed().reduce<ConfigNode>(
    (inner, { name, place }) => ({
      kind: 'block',
      entries: [{ name, place, value: inner }],
      place,
    }),
    value,
  )
  // At least one key was read: there is one entry.
  return (whole as ConfigBlock).entries[0] as ConfigEntry
}

/** Behind its `{`. */
function readBlock(reading: Reading, opening: Place): ConfigBlock {
  enter(reading, opening)
  const entries = readEntries(reading)
  const { kind, place } = take(reading)
  if (kind !== '}') throw syntaxMistake(place, `object expected closing RBRACE got: ${kind}`)
  reading.depth -= 1
  return { kind: 'block', entries }
}

function readValue(reading: Reading): ConfigNode {
  const token = take(reading)
  const { place } = token
  if (token.kind === 'text' || token.kind === 'number') return token
  if (token.kind === '{') return { ...readBlock(reading, place), place }
  if (token.kind === '[') return { kind: 'list', items: readItems(reading, place), place }
  if (token.kind !== 'name') throw syntaxMistake(place, `a value is expected, got ${token.kind}`)
  if (token.text === 'true' || token.text === 'false') {
    return { kind: 'bool', value: token.text === 'true', place }
  }
  throw syntaxMistake(place, `Unknown token: ${token.text}; a text wants double quotes`)
}

/** Behind the list's `[`; a comma may stand after the last item. */
function readItems(reading: Reading, opening: Place): readonly ConfigNode[] {
  enter(reading, opening)
  const items: ConfigNode[] = []
  while (peek(reading).kind !== ']') {
    items.push(readValue(reading))
    const { kind, place } = peek(reading)
    if (kind === ',') take(reading)
    else if (kind !== ']') {
      throw syntaxMistake(place, `error parsing list, expected comma or list end, got: ${kind}`)
    }
  }
  take(reading)
  reading.depth -= 1
  return items
}

function enter(reading: Reading, place: Place): void {
  reading.depth += 1
  if (reading.depth > greatestDepth) throw syntaxMistake(place, 'nested too deeply')
}
