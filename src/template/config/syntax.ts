import { ConfigMistake } from './mistake.ts'

/** A text with what it is called in messages: a path, or `CT_LOCAL_CONFIG`. */
export type Source = { readonly name: string; readonly text: string }

/** `offset` in UTF-16 units from the start of the text. */
export type Place = { readonly source: Source; readonly offset: number }

/** What a configuration says, of either syntax. */
export type ConfigNode = { readonly place: Place } & (
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'number'; readonly value: number; readonly isInteger: boolean }
  | { readonly kind: 'bool'; readonly value: boolean }
  /** JSON's; as if the key were not there. */
  | { readonly kind: 'null' }
  | { readonly kind: 'list'; readonly items: readonly ConfigNode[] }
  | ConfigBlock
)

export type ConfigBlock = { readonly kind: 'block'; readonly entries: readonly ConfigEntry[] }

/** `name = value` or `name { … }`; the same name may occur again. */
export type ConfigEntry = {
  readonly name: string
  readonly place: Place
  readonly value: ConfigNode
}

/** Deeper nesting is refused, so that no text can exhaust the stack. */
export const greatestDepth = 100

/** `ct.hcl:3:14`: line and column count from 1. */
export function placeText({ source, offset }: Place): string {
  const before = source.text.slice(0, offset)
  const line = before.split('\n').length
  return `${source.name}:${line}:${offset - before.lastIndexOf('\n')}`
}

export function syntaxMistake(place: Place, what: string): ConfigMistake {
  return new ConfigMistake(`error decoding config: ${placeText(place)}: ${what}`)
}
