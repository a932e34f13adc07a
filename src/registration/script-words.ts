/**
 * Splits a command as a POSIX shell does (manual of sh: Quoting), without expanding anything:
 * `'…'` is literal, in `"…"` a backslash only escapes `"`, `\`, `$` and a backtick, outside it
 * escapes the next character. Undefined: a quote or a backslash is left open.
 */
export function scriptWords(text: string): readonly string[] | undefined {
  const words: string[] = []
  let word: string | undefined
  let rest = text
  while (rest !== '') {
    const space = /^\s+/.exec(rest)
    if (space !== null) {
      if (word !== undefined) words.push(word)
      word = undefined
      rest = rest.slice(space[0].length)
      continue
    }
    const piece = firstPiece(rest)
    if (piece === undefined) return undefined
    word = (word ?? '') + piece.value
    rest = rest.slice(piece.length)
  }
  return word === undefined ? words : [...words, word]
}

/** What stands up to the next blank or change of quoting. */
function firstPiece(text: string): { value: string; length: number } | undefined {
  const plain = /^[^\s'"\\]+/.exec(text)
  if (plain !== null) return { value: plain[0], length: plain[0].length }
  const single = /^'([^']*)'/.exec(text)
  if (single !== null) return { value: single[1] ?? '', length: single[0].length }
  const double = /^"((?:[^"\\]|\\[^])*)"/.exec(text)
  if (double !== null) {
    const value = (double[1] ?? '').replaceAll(/\\(["\\$`])/g, '$1').replaceAll('\\\n', '')
    return { value, length: double[0].length }
  }
  const escaped = /^\\([^])/.exec(text)
  if (escaped === null) return undefined
  return { value: escaped[1] === '\n' ? '' : (escaped[1] ?? ''), length: 2 }
}
