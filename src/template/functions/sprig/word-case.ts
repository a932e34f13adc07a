/*
 * Names in the cases of programming languages, as Go's xstrings has them: FirstName is first_name,
 * HTTPServer http_server. A number stays with the word before it unless lower case follows it:
 * Bld4Floor3rd is bld4_floor_3rd.
 */

const pieces =
  /[_\s-]|\p{Nd}+\p{Ll}[\p{Ll}\p{Nd}]*|(?:\p{Lu}+(?!\p{Ll})|\p{Lu}?[\p{Ll}\p{Lo}\p{Lm}\p{Lt}]+)(?:\p{Nd}+(?![\p{Nd}\p{Ll}]))?|\p{Nd}+|[^]/gu

const isDelimiter = (piece: string): boolean => /^[_\s-]$/.test(piece)
const isWord = (piece: string): boolean => /^[\p{L}\p{Nd}]/u.test(piece)

/** Goes over what a name is made of, with a connector in place of each delimiter and between words. */
export function delimitedCase(text: string, connector: string): string {
  let made = ''
  let wasWord = false
  for (const [piece] of text.matchAll(pieces)) {
    if (isDelimiter(piece)) made += connector
    else made += (wasWord && isWord(piece) ? connector : '') + lowerCased(piece)
    wasWord = isWord(piece)
  }
  return made
}

/** some_words is SomeWords; delimiters at the ends, and further ones in a row, are kept as `_`. */
export function pascalCase(text: string): string {
  let made = ''
  let delimiters = 0
  for (const [piece] of text.matchAll(/[_\s-]|[^_\s-]+/gu)) {
    if (isDelimiter(piece)) {
      delimiters++
      continue
    }
    const [first = '', ...rest] = Array.from(piece)
    const kept = made === '' ? delimiters : delimiters - 1
    made += '_'.repeat(Math.max(kept, 0)) + upperCased(first) + rest.join('')
    delimiters = 0
  }
  return made + '_'.repeat(delimiters)
}

/** Go changes case character by character: ß stays. */
function mapped(character: string, change: (character: string) => string): string {
  const changed = change(character)
  return Array.from(changed).length === 1 ? changed : character
}

const upper = (character: string): string => mapped(character, (one) => one.toUpperCase())
const lower = (character: string): string => mapped(character, (one) => one.toLowerCase())

export const upperCased = (text: string): string => Array.from(text, upper).join('')
export const lowerCased = (text: string): string => Array.from(text, lower).join('')

export function swappedCase(text: string): string {
  return Array.from(text, (character) =>
    /\p{Lu}|\p{Lt}/u.test(character) ? lower(character) : upper(character),
  ).join('')
}

/** The first letter of each word in upper case; what is no letter, digit or _ ends a word. */
export function titleCased(text: string): string {
  return text.replaceAll(/(?<![\p{L}\p{Nd}_]|[^\0-\u007f\s])\p{L}/gu, upper)
}

/** The first letter of each word between spaces in lower case. */
export function untitled(text: string): string {
  return text.replaceAll(/(?<!\S)\S/gu, lower)
}
