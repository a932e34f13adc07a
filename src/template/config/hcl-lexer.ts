import { takeHeredoc, takeQuoted } from './hcl-text.ts'
import { syntaxMistake } from './syntax.ts'
import type { Place, Source } from './syntax.ts'

/** `end` comes last, once. */
export type Token = { readonly place: Place } & (
  | { readonly kind: 'name'; readonly text: string }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'number'; readonly value: number; readonly isInteger: boolean }
  | { readonly kind: '{' | '}' | '[' | ']' | '=' | ',' | 'end' }
)

type Taken = { readonly token: Token | undefined; readonly end: number }

/** Space and comments: `#`, `//` and a star form, which must end. */
const blank = /(?:\s+|#[^\n]*|\/\/[^\n]*|\/\*[^]*?\*\/)+/y
const name = /[\p{L}_][\p{L}\p{Nd}_.-]*/uy
const number = /-?(?:0[xX][\da-fA-F]+|\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)/y

/** The words of a text in HCL, version 1. Throws a ConfigMistake with the place. */
export function tokensOf(source: Source): readonly Token[] {
  const tokens: Token[] = []
  for (let at = 0; ;) {
    const { token, end } = takeToken(source, at)
    if (token !== undefined) tokens.push(token)
    if (token?.kind === 'end') return tokens
    at = end
  }
}

function takeToken(source: Source, at: number): Taken {
  const { text } = source
  const place = { source, offset: at }
  const space = match(blank, text, at)
  if (space !== undefined) return { token: undefined, end: at + space.length }
  const first = text[at]
  switch (first) {
    case undefined:
      return { token: { kind: 'end', place }, end: at }
    case '{':
    case '}':
    case '[':
    case ']':
    case '=':
    case ',':
      return { token: { kind: first, place }, end: at + 1 }
    case '"': {
      const quoted = takeQuoted(source, at)
      return { token: { kind: 'text', text: quoted.text, place }, end: quoted.end }
    }
    default:
  }
  if (text.startsWith('<<', at)) {
    const heredoc = takeHeredoc(source, at)
    return { token: { kind: 'text', text: heredoc.text, place }, end: heredoc.end }
  }
  const word = match(name, text, at)
  if (word !== undefined)
    return { token: { kind: 'name', text: word, place }, end: at + word.length }
  const digits = match(number, text, at)
  if (digits !== undefined) {
    return { token: { ...numberOf(digits, place), place }, end: at + digits.length }
  }
  if (text.startsWith('/*', at)) throw syntaxMistake(place, 'comment not terminated')
  throw syntaxMistake(place, `illegal character ${JSON.stringify(first)}`)
}

function match(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0]
}

/** A leading 0 makes a number octal, as in file modes: 0644 is 420. */
function numberOf(digits: string, place: Place) {
  if (/^-?0\d+$/.test(digits)) {
    if (/[89]/.test(digits)) throw syntaxMistake(place, `illegal octal number: ${digits}`)
    return { kind: 'number', value: Number.parseInt(digits, 8), isInteger: true } as const
  }
  const isNegative = digits.startsWith('-')
  const size = Number(isNegative ? digits.slice(1) : digits)
  const isInteger = /^-?(?:0[xX][\da-fA-F]+|\d+)$/.test(digits)
  return { kind: 'number', value: isNegative ? -size : size, isInteger } as const
}
