import { syntaxMistake } from './syntax.ts'
import type { Source } from './syntax.ts'

/** A text that was read, and the offset behind it. */
type Taken = { readonly text: string; readonly end: number }

const letterEscapes: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '"': '"',
}

const numericEscape = /^\\(?:([0-7]{3})|x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8}))/

/**
 * Reads a string in double quotes that starts at `start`. What stands in `${…}` is left as it is,
 * with its quotes, backslashes and newlines.
 */
export function takeQuoted(source: Source, start: number): Taken {
  const { text } = source
  let value = ''
  let at = start + 1
  for (;;) {
    const rest = text[at]
    if (rest === undefined || rest === '\n') {
      throw syntaxMistake({ source, offset: start }, 'literal not terminated')
    }
    if (rest === '"') return { text: value, end: at + 1 }
    if (text.startsWith('${', at)) {
      const end = endOfInterpolation(source, at, start)
      value += text.slice(at, end)
      at = end
    } else if (rest === '\\') {
      const escape = takeEscape(source, at)
      value += escape.text
      at = escape.end
    } else {
      value += rest
      at += 1
    }
  }
}

function endOfInterpolation({ text, name }: Source, at: number, start: number): number {
  let depth = 0
  for (let end = at + 1; end < text.length; end += 1) {
    if (text[end] === '{') depth += 1
    else if (text[end] === '}') depth -= 1
    if (depth === 0) return end + 1
  }
  throw syntaxMistake({ source: { text, name }, offset: start }, 'expected terminating brace')
}

function takeEscape(source: Source, at: number): Taken {
  const letter = source.text[at + 1] ?? ''
  const simple = letterEscapes[letter]
  if (simple !== undefined) return { text: simple, end: at + 2 }
  const [all = '', octal, ...hexadecimals] =
    numericEscape.exec(source.text.slice(at, at + 10)) ?? []
  const hexadecimal = hexadecimals.find((digits) => digits !== undefined)
  const code = octal === undefined ? Number(`0x${hexadecimal ?? ''}`) : Number(`0o${octal}`)
  if (Number.isNaN(code) || code > 0x10_ff_ff) {
    throw syntaxMistake({ source, offset: at }, 'illegal char escape')
  }
  return { text: String.fromCodePoint(code), end: at + all.length }
}

/**
 * Reads a heredoc whose `<<` stands at `start`: `<<EOF` keeps lines as they are; `<<-EOF` takes
 * the indentation of the closing line from all lines, when all have it.
 */
export function takeHeredoc(source: Source, start: number): Taken {
  const { text } = source
  const head = /^<<(-?)([\p{L}\p{N}_]+)[ \t]*\r?\n/u.exec(text.slice(start, start + 200))
  if (head === null) throw syntaxMistake({ source, offset: start }, 'zero-length heredoc anchor')
  const [opening, dash, anchor = ''] = head
  const body = start + opening.length
  const closing = new RegExp(String.raw`^([^\S\n]*)${anchor}\r*$`)
  for (let at = body; at < text.length;) {
    const newline = text.indexOf('\n', at)
    const end = newline === -1 ? text.length : newline
    const indent = closing.exec(text.slice(at, end))?.[1]
    if (indent !== undefined) {
      const lines = text.slice(body, at)
      return { text: dash === '-' ? unindented(lines, indent) : lines + indent, end }
    }
    at = end + 1
  }
  throw syntaxMistake({ source, offset: start }, 'heredoc not terminated')
}

function unindented(text: string, indent: string): string {
  const lines = text.split('\n').slice(0, -1)
  if (!lines.every((line) => line.startsWith(indent))) return text
  return lines.map((line) => `${line.slice(indent.length)}\n`).join('')
}
