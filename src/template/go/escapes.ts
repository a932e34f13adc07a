import { bytesOfText, isInvalidByte } from './byte-text.ts'
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

const percentEncoded = (byte: number): string =>
  `%${byte.toString(16).toUpperCase().padStart(2, '0')}`

/** A text that can stand in the query of a URL; a space becomes a plus sign. */
export function escapeQuery(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9_.~-]/gu, (character) =>
    character === ' ' ? '+' : Array.from(bytesOfText(character), percentEncoded).join(''),
  )
}
