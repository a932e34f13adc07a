const letterOrDigit = /^[\p{L}\p{Nd}_]$/u
const printable = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u
const greatestCodePoint = 0x10ffff

/** Go's rune for what is no character. */
export const replacementRune = 0xfffd

/** Letters, digits and the underscore: what identifiers are made of. */
export function isAlphaNumeric(character: string): boolean {
  return letterOrDigit.test(character)
}

/** Letters, marks, numbers, punctuation, symbols and the ASCII space (Go's unicode.IsPrint). */
export function isPrintable(character: string): boolean {
  return printable.test(character)
}

/** Whether a code point can stand in valid UTF-8: in range and no surrogate. */
export function isValidRune(codePoint: number): boolean {
  return (
    codePoint >= 0 && codePoint <= greatestCodePoint && !(codePoint >= 0xd800 && codePoint < 0xe000)
  )
}

/** The character of a code point, U+FFFD for what is none. */
export function characterOf(codePoint: number): string {
  return String.fromCodePoint(isValidRune(codePoint) ? codePoint : replacementRune)
}

/** `U+2713`, with ` '✓'` behind it when the character can be printed and that is wanted. */
export function unicodeName(codePoint: bigint, hasCharacter: boolean, digits = 4): string {
  const name = `U+${codePoint.toString(16).toUpperCase().padStart(digits, '0')}`
  if (!hasCharacter || codePoint > greatestCodePoint) return name
  const character = characterOf(Number(codePoint))
  return isPrintable(character) ? `${name} '${character}'` : name
}

/** Whether a word can name a function. */
export function isIdentifier(word: string): boolean {
  return /^[\p{L}_][\p{L}\p{Nd}_]*$/u.test(word)
}
