import { isInvalidByte } from './byte-text.ts'
import { quote } from './quote.ts'
import { isKeywordKind } from './tokens.ts'
import type { Token, TokenKind } from './tokens.ts'
import { isAlphaNumeric, replacementRune, unicodeName } from './unicode.ts'

export type LexerOptions = {
  /** What opens and closes an action; not empty. */
  readonly leftDelim: string
  readonly rightDelim: string
  /** Names of functions that take the place of the keywords `break` and `continue`. */
  readonly isFunction: (name: string) => boolean
}

const leftTrim = /^-[ \t\r\n]/
const rightTrim = /^[ \t\r\n]-/
const spaces = /[ \t\r\n]*/y
const singles: Readonly<Record<string, TokenKind>> = { '=': 'assign', '|': 'pipe' }
const terminators = new Set(['', ' ', '\t', '\r', '\n', '.', ',', '|', ':', ')', '('])

/** Go from the end: a pattern would start anew at each space of a long text. */
function withoutSpacesAtEnd(text: string): string {
  let end = text.length
  while (end > 0 && ' \t\r\n'.includes(text.charAt(end - 1))) end--
  return text.slice(0, end)
}

/** Cuts a template into tokens. The last one is `eof` or `error`. */
export function tokensOf(text: string, options: LexerOptions): readonly Token[] {
  const lexer = new Lexer(text, options)
  lexer.run()
  return lexer.tokens
}

/** Where the cutting has come to. `#at` is behind what was read, `#start` where the token began. */
class Lexer {
  readonly tokens: Token[] = []
  readonly #text: string
  readonly #options: LexerOptions
  #start = 0
  #at = 0
  #line = 1
  #parens = 0

  constructor(text: string, options: LexerOptions) {
    this.#text = text
    this.#options = options
  }

  run(): void {
    while (this.#lexText() && this.#lexAction());
  }

  /** One action or comment; false after a mistake. */
  #lexAction(): boolean {
    if (this.#lexLeftDelim() === 'comment') return this.#lexComment()
    while (this.#lexInside());
    return this.tokens.at(-1)?.kind !== 'error'
  }

  /** Text up to the next action; false at the end of the template or after a mistake. */
  #lexText(): boolean {
    const { leftDelim } = this.#options
    const found = this.#text.indexOf(leftDelim, this.#at)
    this.#at = found < 0 ? this.#text.length : found
    const whole = this.#text.slice(this.#start, this.#at)
    const isTrimmed = found >= 0 && leftTrim.test(this.#ahead(leftDelim.length, 2))
    const kept = isTrimmed ? withoutSpacesAtEnd(whole) : whole
    if (kept !== '') this.#push('text', kept)
    this.#skip()
    if (found < 0) this.#push('eof', '')
    return found >= 0
  }

  #lexLeftDelim(): 'action' | 'comment' {
    const { leftDelim } = this.#options
    this.#at += leftDelim.length
    const marker = leftTrim.test(this.#ahead(0, 2)) ? 2 : 0
    if (this.#text.startsWith('/*', this.#at + marker)) {
      this.#at += marker
      this.#skip()
      return 'comment'
    }
    this.#push('leftDelim', leftDelim)
    this.#at += marker
    this.#skip()
    this.#parens = 0
    return 'action'
  }

  #lexComment(): boolean {
    const end = this.#text.indexOf('*/', this.#at + 2)
    if (end < 0) return this.#fail('unclosed comment')
    this.#at = end + 2
    const closing = this.#rightDelim()
    if (closing === undefined) return this.#fail('comment ends before closing delimiter')
    this.#at += closing.marker
    this.#close(closing)
    return true
  }

  /** Whether an action's end stands here, and how long its trim marker is. */
  #rightDelim(): { readonly marker: number } | undefined {
    const { rightDelim } = this.#options
    if (rightTrim.test(this.#ahead(0, 2)) && this.#text.startsWith(rightDelim, this.#at + 2)) {
      return { marker: 2 }
    }
    return this.#text.startsWith(rightDelim, this.#at) ? { marker: 0 } : undefined
  }

  /** Steps over the delimiter, and over the space behind it if that is to be trimmed. */
  #close({ marker }: { readonly marker: number }): void {
    this.#at += this.#options.rightDelim.length
    if (marker > 0) this.#skipSpaces()
    this.#skip()
  }

  /** One token of an action; false behind its end or after a mistake. */
  #lexInside(): boolean {
    const closing = this.#rightDelim()
    if (closing !== undefined) {
      if (this.#parens > 0) return this.#fail('unclosed left paren')
      this.#at += closing.marker
      this.#skip()
      this.#push('rightDelim', this.#options.rightDelim)
      this.#close(closing)
      return false
    }
    const character = this.#next()
    const single = singles[character]
    if (single !== undefined) return this.#emit(single)
    switch (character) {
      case '':
        return this.#fail('unclosed action')
      case ' ':
      case '\t':
      case '\r':
      case '\n':
        return this.#lexSpace()
      case ':':
        return this.#next() === '=' ? this.#emit('declare') : this.#fail('expected :=')
      case '"':
        return this.#lexQuoted('"', 'string', 'unterminated quoted string')
      case "'":
        return this.#lexQuoted("'", 'rune', 'unterminated character constant')
      case '`':
        return this.#lexRawString()
      case '$':
        return this.#isAtTerminator() ? this.#emit('variable') : this.#lexName('variable')
      case '(':
        this.#parens++
        return this.#emit('leftParen')
      case ')':
        this.#parens--
        return this.#parens < 0 ? this.#fail('unexpected right paren') : this.#emit('rightParen')
      default:
        return this.#lexWord(character)
    }
  }

  #lexWord(character: string): boolean {
    if (character === '.' && !/^[0-9]?$/.test(this.#peek())) {
      return this.#isAtTerminator() ? this.#emit('dot') : this.#lexName('field')
    }
    if (/[0-9.+-]/.test(character)) {
      this.#at = this.#start
      return this.#lexNumber()
    }
    if (isAlphaNumeric(character)) return this.#lexIdentifier()
    if (/^[!-~]$/.test(character)) return this.#emit('char')
    return this.#fail(`unrecognized character in action: ${this.#nameOf(character)}`)
  }

  #lexSpace(): boolean {
    this.#skipSpaces()
    // The last space may belong to a trim marker.
    this.#at--
    const isMarker = (this.#rightDelim()?.marker ?? 0) > 0
    if (!isMarker) this.#at++
    return this.#at === this.#start ? true : this.#emit('space')
  }

  #lexIdentifier(): boolean {
    while (isAlphaNumeric(this.#peek())) this.#next()
    if (!this.#isAtTerminator()) return this.#failAtNext()
    const word = this.#text.slice(this.#start, this.#at)
    if (word === 'true' || word === 'false') return this.#emit('bool')
    if (word === 'nil') return this.#emit('nil')
    const isFreed = (word === 'break' || word === 'continue') && this.#options.isFunction(word)
    return this.#emit(isKeywordKind(word) && !isFreed ? word : 'identifier')
  }

  #lexName(kind: 'field' | 'variable'): boolean {
    while (isAlphaNumeric(this.#peek())) this.#next()
    return this.#isAtTerminator() ? this.#emit(kind) : this.#failAtNext()
  }

  #lexNumber(): boolean {
    const wrong = () =>
      this.#fail(`bad number syntax: ${quote(this.#text.slice(this.#start, this.#at))}`)
    if (!this.#scanNumber()) return wrong()
    if (!/[+-]/.test(this.#peek())) return this.#emit('number')
    if (!this.#scanNumber() || this.#text.charAt(this.#at - 1) !== 'i') return wrong()
    return this.#emit('complex')
  }

  /** Steps over what may be a number; false when a letter or digit follows it directly. */
  #scanNumber(): boolean {
    this.#accept(/[+-]?/y)
    if (this.#accept(/0[xX]/y)) {
      this.#accept(/[0-9a-fA-F_]*\.?[0-9a-fA-F_]*(?:[pP][+-]?[0-9_]*)?/y)
    } else if (this.#accept(/0[oO]/y)) {
      this.#accept(/[0-7_]*\.?[0-7_]*/y)
    } else if (this.#accept(/0[bB]/y)) {
      this.#accept(/[01_]*\.?[01_]*/y)
    } else {
      this.#accept(/[0-9_]*\.?[0-9_]*(?:[eE][+-]?[0-9_]*)?/y)
    }
    this.#accept(/i?/y)
    if (!isAlphaNumeric(this.#peek())) return true
    this.#next()
    return false
  }

  #lexQuoted(end: string, kind: TokenKind, unterminated: string): boolean {
    for (;;) {
      let character = this.#next()
      if (character === end) return this.#emit(kind)
      if (character === '\\') {
        character = this.#next()
        if (character !== '' && character !== '\n') continue
      }
      if (character === '' || character === '\n') return this.#fail(unterminated)
    }
  }

  #lexRawString(): boolean {
    const end = this.#text.indexOf('`', this.#at)
    if (end < 0) return this.#fail('unterminated raw quoted string')
    this.#at = end + 1
    return this.#emit('rawString')
  }

  /** Whether an identifier, field or variable may end here. */
  #isAtTerminator(): boolean {
    return (
      terminators.has(this.#peek()) || this.#text.startsWith(this.#options.rightDelim, this.#at)
    )
  }

  #nameOf(character: string): string {
    const codePoint = character.codePointAt(0) ?? 0
    return unicodeName(BigInt(isInvalidByte(codePoint) ? replacementRune : codePoint), true)
  }

  #failAtNext(): boolean {
    return this.#fail(`bad character ${this.#nameOf(this.#peek())}`)
  }

  #ahead(offset: number, length: number): string {
    return this.#text.slice(this.#at + offset, this.#at + offset + length)
  }

  #peek(): string {
    const codePoint = this.#text.codePointAt(this.#at)
    return codePoint === undefined ? '' : String.fromCodePoint(codePoint)
  }

  #next(): string {
    const character = this.#peek()
    this.#at += character.length
    return character
  }

  #accept(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at
    const length = pattern.exec(this.#text)?.[0].length
    this.#at += length ?? 0
    return length !== undefined
  }

  #skipSpaces(): void {
    this.#accept(spaces)
  }

  #push(kind: TokenKind, text: string): void {
    this.tokens.push({ kind, text, at: this.#start, line: this.#line })
  }

  /** Ends the token that began at `#start` without emitting it. */
  #skip(): void {
    for (let at = this.#start; at < this.#at; at++) {
      if (this.#text.charAt(at) === '\n') this.#line++
    }
    this.#start = this.#at
  }

  #emit(kind: TokenKind): true {
    this.#push(kind, this.#text.slice(this.#start, this.#at))
    this.#skip()
    return true
  }

  #fail(message: string): false {
    this.#push('error', message)
    return false
  }
}
