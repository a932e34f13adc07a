import { bytesOfText, textOfBytes } from '../../go/byte-text.ts'

const loneSurrogate = /\p{Surrogate}/u

const toLatin1 = (text: string): string => Buffer.from(bytesOfText(text)).toString('latin1')
const fromLatin1 = (bytes: string): string => textOfBytes(Buffer.from(bytes, 'latin1'))

/**
 * Calls a function that looks for some texts in a text. If one of those sought has bytes that are
 * not UTF-8, which may be part of a character of the other, it is given all texts with a character
 * for each byte, and `back` makes an ordinary text of one of its own.
 */
export function searching<Result>(
  sought: readonly string[],
  text: string,
  search: (sought: readonly string[], text: string, back: (part: string) => string) => Result,
): Result {
  if (!sought.some((each) => loneSurrogate.test(each))) return search(sought, text, (part) => part)
  return search(sought.map(toLatin1), toLatin1(text), fromLatin1)
}
