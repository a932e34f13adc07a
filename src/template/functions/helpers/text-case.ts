import { isInvalidByte } from '../../go/byte-text.ts'
import { eachWordLetter } from './words.ts'

/** Letters that stand for two, by what they are at the beginning of a word. */
const titleLetters: readonly (readonly [string, string])[] = [
  ['Ǆǅǆ', 'ǅ'],
  ['Ǉǈǉ', 'ǈ'],
  ['Ǌǋǌ', 'ǋ'],
  ['Ǳǲǳ', 'ǲ'],
]

const georgian = /^[\u10d0-\u10ff]$/u

/** All but ASCII characters, which are many times more work. */
// oxlint-disable-next-line no-control-regex
const notAscii = /[^\x00-\x7f]/gu

/** Each character by itself, and bytes that are not UTF-8 as U+FFFD, as Go's package strings does. */
function mapped(text: string, map: (character: string) => string): string {
  const known = new Map<string, string>()
  return text.replaceAll(notAscii, (character) => {
    let result = known.get(character)
    if (result === undefined) {
      result = isInvalidByte(character.codePointAt(0) ?? 0) ? '\ufffd' : map(character)
      known.set(character, result)
    }
    return result
  })
}

/** Greek small letters with an iota below: two letters in upper case, but one as capitals. */
const withIota = /^[\u1f80-\u1f87\u1f90-\u1f97\u1fa0-\u1fa7\u1fb3\u1fc3\u1ff3]$/

function capitalWithIota(letter: string): string {
  const code = letter.charCodeAt(0)
  return String.fromCharCode(code + (code < 0x1fb0 ? 8 : 9))
}

/** Upper case, where that is one character: ß stays. */
export function upperCased(text: string): string {
  const inAscii = text.replaceAll(/[a-z]+/g, (letters) => letters.toUpperCase())
  return mapped(inAscii, (character) => {
    const upper = character.toUpperCase()
    if (Array.from(upper).length === 1) return upper
    return withIota.test(character) ? capitalWithIota(character) : character
  })
}

export function lowerCased(text: string): string {
  const inAscii = text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase())
  return mapped(inAscii, (character) => Array.from(character.toLowerCase())[0] ?? '')
}

/** A character as it begins a word; ß becomes Ss. */
function titleOf(character: string): string {
  if (georgian.test(character)) return character
  const pair = titleLetters.find(([letters]) => letters.includes(character))
  if (pair !== undefined) return pair[1]
  const [first = '', ...rest] = Array.from(character.toUpperCase())
  return first + rest.join('').toLowerCase()
}

/**
 * The first letter of each word as it begins a word, the rest as it is: `o'neil` and `mc.donald` are
 * one word each.
 */
export function titleCased(text: string): string {
  const pieces: string[] = []
  let end = 0
  eachWordLetter(text, (letter, position) => {
    const title = titleOf(letter)
    if (title === letter) return
    pieces.push(text.slice(end, position), title)
    end = position + letter.length
  })
  return pieces.join('') + text.slice(end)
}
