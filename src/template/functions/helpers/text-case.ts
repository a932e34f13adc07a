import { isInvalidByte } from '../../go/byte-text.ts'

/** Letters that stand for two, by what they are at the beginning of a word. */
const titleLetters: readonly (readonly [string, string])[] = [
  ['Ǆǅǆ', 'ǅ'],
  ['Ǉǈǉ', 'ǈ'],
  ['Ǌǋǌ', 'ǋ'],
  ['Ǳǲǳ', 'ǲ'],
]

const cased = /\p{Cased}/u
const georgian = /^[\u10d0-\u10ff]$/u

/** Each character by itself, and bytes that are not UTF-8 as U+FFFD, as Go's package strings does. */
function mapped(text: string, map: (character: string) => string): string {
  let result = ''
  for (const character of text) {
    result += isInvalidByte(character.codePointAt(0) ?? 0) ? '\ufffd' : map(character)
  }
  return result
}

/** Upper case, where that is one character: ß stays. */
export function upperCased(text: string): string {
  return mapped(text, (character) => {
    const upper = character.toUpperCase()
    return Array.from(upper).length === 1 ? upper : character
  })
}

export function lowerCased(text: string): string {
  return mapped(text, (character) => Array.from(character.toLowerCase())[0] ?? '')
}

/** A character as it begins a word; ß becomes Ss. */
function titleOf(character: string): string {
  if (georgian.test(character)) return character
  const pair = titleLetters.find(([letters]) => letters.includes(character))
  if (pair !== undefined) return pair[1]
  const [first = '', ...rest] = Array.from(character.toUpperCase())
  return first + rest.join('').toLowerCase()
}

const words = new Intl.Segmenter('en', { granularity: 'word' })

/**
 * The first letter of each word as it begins a word, the rest as it is. Words are divided as
 * Unicode says (UAX 29): `o'neil` and `mc.donald` are one each.
 */
export function titleCased(text: string): string {
  let result = ''
  for (const { segment } of words.segment(text)) {
    const at = segment.search(cased)
    const letter = at < 0 ? '' : String.fromCodePoint(segment.codePointAt(at) ?? 0)
    result +=
      at < 0 ? segment : segment.slice(0, at) + titleOf(letter) + segment.slice(at + letter.length)
  }
  return result
}
