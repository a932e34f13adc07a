import { bytesOfText, isInvalidByte, textOfBytes } from './byte-text.ts'
import { isPrintable } from './unicode.ts'

const htmlEscapes: Readonly<Record<string, string>> = {
  '\0': '\ufffd',
  '"': '&#34;',
  "'": '&#39;',
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
}

/** A text that can stand in HTML, also in attributes. */
export function escapeHtml(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll(/[\0"'&<>]/g, (character) => htmlEscapes[character] ?? character)
}

const jsEscapes: Readonly<Record<string, string>> = { '\\': '\\\\', "'": "\\'", '"': '\\"' }

function escapedForJs(character: string): string {
  const short = jsEscapes[character]
  if (short !== undefined) return short
  const codePoint = character.codePointAt(0) ?? 0
  if (codePoint > 0x7f && (isInvalidByte(codePoint) || isPrintable(character))) return character
  return `\\u${codePoint.toString(16).toUpperCase().padStart(4, '0')}`
}

/** A text that can stand in a string of JavaScript. */
export function escapeJs(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll(/[\0-\x1f\\'"<>&=]|[^\0-\x7f]/gu, escapedForJs)
}

/** The bytes that stand for themselves in a query. */
const unreserved = new Set(
  bytesOfText('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.~-'),
)
const hexDigits = bytesOfText('0123456789ABCDEF')
const [space = 0, plus = 0, percent = 0] = bytesOfText(' +%')

/** A text that can stand in the query of a URL; a space becomes a plus sign. */
export function escapeQuery(text: string): string {
  const bytes = bytesOfText(text)
  const escaped = new Uint8Array(3 * bytes.length)
  let length = 0
  for (const byte of bytes) {
    if (unreserved.has(byte)) escaped[length++] = byte
    else if (byte === space) escaped[length++] = plus
    else {
      escaped[length++] = percent
      escaped[length++] = hexDigits[byte >> 4] ?? 0
      escaped[length++] = hexDigits[byte & 15] ?? 0
    }
  }
  return textOfBytes(escaped.subarray(0, length))
}
