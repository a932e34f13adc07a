import { TemplateError } from '../template-error.ts'
import { describeToken } from './tokens.ts'
import type { Token, TokenKind } from './tokens.ts'

/** Where reading stands in the tokens, shared by all templates of one text. */
export type Cursor = { next: number }

/** Reads tokens for one template; several templates of a text take turns with one cursor. */
export class TokenReader {
  readonly #tokens: readonly Token[]
  readonly #cursor: Cursor
  readonly #name: string
  /** The farthest token this reader has seen; its line is where a mistake is reported. */
  #farthest = -1
  /** The line of the action being read; 0 outside of actions. */
  actionLine = 0

  constructor(name: string, tokens: readonly Token[], cursor: Cursor) {
    this.#name = name
    this.#tokens = tokens
    this.#cursor = cursor
  }

  /** A reader for a template that is defined inside this one. */
  nested(): TokenReader {
    return new TokenReader(this.#name, this.#tokens, this.#cursor)
  }

  /** The position, to go back to. */
  get position(): number {
    return this.#cursor.next
  }

  set position(position: number) {
    this.#cursor.next = position
  }

  peek(): Token {
    const index = Math.min(this.#cursor.next, this.#tokens.length - 1)
    this.#farthest = Math.max(this.#farthest, index)
    const token = this.#tokens[index]
    // The last token is always there: `eof` or `error`.
    return token ?? { kind: 'eof', text: '', at: 0, line: 1 }
  }

  next(): Token {
    const token = this.peek()
    this.#cursor.next++
    return token
  }

  peekNonSpace(): Token {
    while (this.peek().kind === 'space') this.next()
    return this.peek()
  }

  nextNonSpace(): Token {
    const token = this.peekNonSpace()
    this.#cursor.next++
    return token
  }

  expect(kinds: readonly TokenKind[], context: string): Token {
    const token = this.nextNonSpace()
    if (!kinds.includes(token.kind)) this.unexpected(token, context)
    return token
  }

  unexpected(token: Token, context: string): never {
    if (token.kind !== 'error') this.fail(`unexpected ${describeToken(token)} in ${context}`)
    if (this.actionLine === 0 || this.actionLine === token.line) this.fail(token.text)
    const started = `started at ${this.#name}:${this.actionLine}`
    this.fail(`${token.text}${token.text.endsWith(' action') ? '' : ' in action'} ${started}`)
  }

  fail(message: string): never {
    const line = this.#tokens[this.#farthest]?.line ?? 0
    throw new TemplateError('template_syntax', `template: ${this.#name}:${line}: ${message}`)
  }
}
