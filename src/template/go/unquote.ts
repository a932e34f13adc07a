import { joined, textOfByte } from './byte-text.ts'
import { isValidRune } from './unicode.ts'

const named: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
}

/** How many hexadecimal digits follow the letter of an escape. */
const hexDigits: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 }

type Unquoted = { readonly text: string; readonly codePoint: number; readonly length: number }

/** The first character of a constant's inside, with its escape resolved; undefined if wrong. */
function unquoteFirst(inside: string, quote: string): Unquoted | undefined {
  const codePoint = inside.codePointAt(0)
  if (codePoint === undefined) return undefined
  const character = String.fromCodePoint(codePoint)
  if (character === quote || character === '\n') return undefined
  if (character !== '\\') return { text: character, codePoint, length: character.length }
  const kind = inside.charAt(1)
  if (kind === "'" || kind === '"') {
    return kind === quote ? { text: kind, codePoint: kind.charCodeAt(0), length: 2 } : undefined
  }
  const text = named[kind]
  if (text !== undefined) return { text, codePoint: text.charCodeAt(0), length: 2 }
  return numericEscape(inside, kind)
}

function numericEscape(inside: string, kind: string): Unquoted | undefined {
  if (/^[0-7]$/.test(kind)) {
    const digits = /^\\([0-7]{3})/.exec(inside)?.[1]
    const byte = digits === undefined ? 256 : Number.parseInt(digits, 8)
    return byte > 255 ? undefined : { text: textOfByte(byte), codePoint: byte, length: 4 }
  }
  const count = hexDigits[kind]
  if (count === undefined) return undefined
  const digits = inside.slice(2, 2 + count)
  if (digits.length < count || !/^[0-9a-fA-F]+$/.test(digits)) return undefined
  const codePoint = Number.parseInt(digits, 16)
  if (kind === 'x') return { text: textOfByte(codePoint), codePoint, length: 4 }
  if (!isValidRune(codePoint)) return undefined
  return { text: String.fromCodePoint(codePoint), codePoint, length: 2 + count }
}

/** What a string constant, with its quotes or back quotes, means; undefined if it is malformed. */
export function unquote(constant: string): string | undefined {
  const quote = constant.charAt(0)
  const inside = constant.slice(1, -1)
  if (quote === '`') return inside.replaceAll('\r', '')
  let result = ''
  for (let rest = inside; rest !== '';) {
    const first = unquoteFirst(rest, quote)
    if (first === undefined) return undefined
    result += first.text
    rest = rest.slice(first.length)
  }
  return joined(result)
}

/** The code point of a rune constant such as `'é'`; a reason when it is malformed. */
export function unquoteRune(constant: string): number | { readonly wrong: string } {
  const first = unquoteFirst(constant.slice(1), "'")
  if (first === undefined) return { wrong: 'invalid syntax' }
  if (constant.slice(1 + first.length) !== "'") {
    return { wrong: `malformed character constant: ${constant}` }
  }
  return first.codePoint
}
