import { byteLength, firstRunes } from './byte-text.ts'
import { quote } from './quote.ts'

export type TokenKind =
  | 'error'
  | 'eof'
  | 'text'
  | 'leftDelim'
  | 'rightDelim'
  | 'space'
  | 'identifier'
  | 'field'
  | 'variable'
  | 'dot'
  | 'nil'
  | 'bool'
  | 'number'
  | 'complex'
  | 'rune'
  | 'string'
  | 'rawString'
  | 'leftParen'
  | 'rightParen'
  | 'pipe'
  | 'assign'
  | 'declare'
  | 'char'
  | Keyword

export const keywords = [
  'block',
  'break',
  'continue',
  'define',
  'else',
  'end',
  'if',
  'range',
  'template',
  'with',
] as const

export type Keyword = (typeof keywords)[number]

/** A piece of a template; an `error` token ends them, with the message as its text. */
export type Token = {
  readonly kind: TokenKind
  readonly text: string
  /** Offset in the template, in UTF-16 units. */
  readonly at: number
  /** Counted from 1. */
  readonly line: number
}

const shownRunes = 10

/** A token as error messages name it. */
export function describeToken(token: Token): string {
  if (token.kind === 'eof') return 'EOF'
  if (token.kind === 'error') return token.text
  const isKeyword = token.kind === 'dot' || token.kind === 'nil' || isKeywordKind(token.kind)
  if (isKeyword) return `<${token.text}>`
  // Go asks for the number of bytes, and then shows runes.
  if (byteLength(token.text) > shownRunes) {
    return `${quote(firstRunes(token.text, shownRunes))}...`
  }
  return quote(token.text)
}

export function isKeywordKind(kind: string): kind is Keyword {
  return (keywords as readonly string[]).includes(kind)
}
