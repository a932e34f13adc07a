import { bytesOfText, textOfBytes } from '../../go/byte-text.ts'

export type Alphabet = {
  readonly name: string
  readonly characters: string
  /** How many characters belong together, and how many bits each one holds. */
  readonly groupLength: number
  readonly bits: number
}

export const base64: Alphabet = {
  name: 'base64',
  characters: 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/',
  groupLength: 4,
  bits: 6,
}

export const base32: Alphabet = {
  name: 'base32',
  characters: 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567',
  groupLength: 8,
  bits: 5,
}

/** The bytes of a text in characters of an alphabet, filled up with `=`. */
export function encoded(text: string, { characters, groupLength, bits }: Alphabet): string {
  const bytes = bytesOfText(text)
  const made: string[] = []
  let held = 0
  let heldBits = 0
  const characterAt = (shift: number) => characters.charAt((held >> shift) & (2 ** bits - 1))
  for (const byte of bytes) {
    held = ((held & 0xff) << 8) | byte
    for (heldBits += 8; heldBits >= bits; heldBits -= bits) made.push(characterAt(heldBits - bits))
  }
  if (heldBits > 0) {
    held <<= bits - heldBits
    made.push(characterAt(0))
  }
  while (made.length % groupLength !== 0) made.push('=')
  return made.join('')
}

/** How many characters of padding the last group of Go's alphabets may have. */
const paddings = new Map([
  ['base64', [0, 1, 2]],
  ['base32', [0, 1, 3, 4, 6]],
])

/** A text without the padding at its end. */
function withoutPadding(text: string): string {
  let end = text.length
  while (text[end - 1] === '=') end--
  return text.slice(0, end)
}

/** Where a text stops being in the alphabet; undefined if it is. */
function mistakeIn(text: string, { name, characters, groupLength }: Alphabet): number | undefined {
  const known = new Set(characters)
  const body = withoutPadding(text)
  const wrong = Array.from(body).findIndex((character) => !known.has(character))
  if (wrong >= 0) return wrong
  const padding = text.length - body.length
  const isWhole = text.length % groupLength === 0
  if (isWhole && paddings.get(name)?.includes(padding)) return undefined
  return padding > 0 ? body.length : body.length - (body.length % groupLength)
}

/** The text of bytes in an alphabet; as Sprig has it, what is wrong with them stands in its place. */
export function decoded(text: string, alphabet: Alphabet): string {
  const clean = text.replaceAll(/[\r\n]/g, '')
  const mistake = mistakeIn(clean, alphabet)
  if (mistake !== undefined) return `illegal ${alphabet.name} data at input byte ${mistake}`
  const bytes: number[] = []
  const values = new Map(Array.from(alphabet.characters, (character, value) => [character, value]))
  let held = 0
  let heldBits = 0
  for (const character of withoutPadding(clean)) {
    held = ((held & 0xff) << alphabet.bits) | (values.get(character) ?? 0)
    heldBits += alphabet.bits
    if (heldBits >= 8) {
      heldBits -= 8
      bytes.push((held >> heldBits) & 0xff)
    }
  }
  return textOfBytes(Uint8Array.from(bytes))
}
