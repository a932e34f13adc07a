/*
 * Go's strings are bytes; those of JavaScript are UTF-16. Texts are kept as ordinary JavaScript
 * strings, and a byte that is not part of valid UTF-8 is kept as the lone surrogate U+DC00 + byte,
 * which no valid text contains. So a string cut in the middle of a character keeps its bytes.
 */

const invalidByteBase = 0xdc00
const loneSurrogate = /\p{Surrogate}/u

/** One well-formed UTF-8 sequence (Unicode 15, table 3-7) in a text of bytes, or any single byte. */
const utf8Sequence =
  // oxlint-disable-next-line no-control-regex
  /[\x00-\x7f]+|[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}|[^]/g

/** Whether this code point stands for a byte that is not UTF-8. */
export function isInvalidByte(codePoint: number): boolean {
  return codePoint >= invalidByteBase + 0x80 && codePoint <= invalidByteBase + 0xff
}

/** A text of the given bytes, which need not be UTF-8. */
export function textOfBytes(bytes: Uint8Array): string {
  const latin1 = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
  return latin1.replaceAll(utf8Sequence, (sequence) => {
    const byte = sequence.charCodeAt(0)
    if (sequence.length === 1 && byte > 0x7f) return String.fromCharCode(invalidByteBase + byte)
    return byte <= 0x7f ? sequence : Buffer.from(sequence, 'latin1').toString('utf8')
  })
}

/** The bytes of a text. A lone surrogate that stands for no byte becomes U+FFFD. */
export function bytesOfText(text: string): Uint8Array {
  if (!loneSurrogate.test(text)) return Buffer.from(text, 'utf8')
  return Buffer.concat(
    text
      .split(/([\udc80-\udcff])/u)
      .map((part) =>
        part.length === 1 && isInvalidByte(part.charCodeAt(0))
          ? Buffer.of(part.charCodeAt(0) - invalidByteBase)
          : Buffer.from(part, 'utf8'),
      ),
  )
}

/** The same bytes, with those that have become UTF-8 by being joined written as characters. */
export function joined(text: string): string {
  return loneSurrogate.test(text) ? textOfBytes(bytesOfText(text)) : text
}

/** A text of one byte, as `\xff` in a string constant has it. */
export function textOfByte(byte: number): string {
  return String.fromCharCode(byte > 0x7f ? invalidByteBase + byte : byte)
}

/** How many bytes Go counts in a text. */
export function byteLength(text: string): number {
  return loneSurrogate.test(text) ? bytesOfText(text).length : Buffer.byteLength(text)
}

/** The bytes from `start` to `end` of a text. */
export function sliceBytes(text: string, start: number, end: number): string {
  return textOfBytes(bytesOfText(text).subarray(start, end))
}

/** Negative, zero or positive, by the order of bytes. */
export function compareBytes(a: string, b: string): number {
  if (a === b) return 0
  const length = Math.min(a.length, b.length)
  let at = 0
  while (at < length && a.charCodeAt(at) === b.charCodeAt(at)) at++
  if (at === length) return a.length - b.length
  // Below the surrogates the order of UTF-16 units is that of characters, and so that of UTF-8.
  const [unitA, unitB] = [a.charCodeAt(at), b.charCodeAt(at)]
  if (unitA < 0xd800 && unitB < 0xd800) return unitA - unitB
  return Buffer.compare(bytesOfText(a), bytesOfText(b))
}

/** The first `count` runes of a text. */
export function firstRunes(text: string, count: number): string {
  let end = 0
  for (let runes = 0; runes < count && end < text.length; runes++) {
    end += (text.codePointAt(end) ?? 0) > 0xffff ? 2 : 1
  }
  return text.slice(0, end)
}

/** How many runes Go counts in a text: a character each, and each byte that is not UTF-8. */
export function runeCount(text: string): number {
  let count = 0
  for (const _ of text) count++
  return count
}
