const whiteSpace = /^\p{White_Space}$/u

const isSpaceAt = (text: string, at: number): boolean => whiteSpace.test(text.charAt(at))

/** A text without Unicode's white space at its ends: other than JavaScript's, it has U+0085 and lacks U+FEFF. */
export function trimmedSpace(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isSpaceAt(text, start)) start++
  while (end > start && isSpaceAt(text, end - 1)) end--
  return text.slice(start, end)
}
