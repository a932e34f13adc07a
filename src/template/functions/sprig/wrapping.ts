import { bytesOfText, textOfBytes } from '../../go/byte-text.ts'
import { callFailure } from '../../go/failure.ts'
import { greatestTextLength } from '../formats/output.ts'

/** Bytes as characters of one byte each, in which text is counted and cut. */
const toBytes = (text: string): string => Buffer.from(bytesOfText(text)).toString('latin1')
const toText = (bytes: string): string => textOfBytes(Buffer.from(bytes, 'latin1'))

/** Refuses a text that would become too long. */
export function checkLength(name: string, length: number): void {
  if (length > greatestTextLength) {
    throw callFailure(`${name}: the text becomes longer than ${greatestTextLength} characters`)
  }
}

/** Where the line that begins at a place ends, and the next one begins; undefined: it is the last. */
function lineAt(
  text: string,
  start: number,
  width: number,
  isBreakingWords: boolean,
): readonly [number, number] | undefined {
  const space = text.slice(start, start + width + 1).lastIndexOf(' ')
  if (space >= 0) return [start + space, start + space + 1]
  if (isBreakingWords) return [start + width, start + width]
  const next = text.indexOf(' ', start + width)
  return next < 0 ? undefined : [next, next + 1]
}

/** A text in lines of at most so many bytes; words that are longer stay whole, or are cut. */
export function wrapped(
  text: string,
  width: bigint,
  lineEnd: string,
  isBreakingWords: boolean,
): string {
  const bytes = toBytes(text)
  const end = toBytes(lineEnd === '' ? '\n' : lineEnd)
  const least = Math.max(1, Number(width))
  const lines: string[] = []
  let at = 0
  while (bytes.length - at > least) {
    if (bytes[at] === ' ') {
      at++
      continue
    }
    const line = lineAt(bytes, at, least, isBreakingWords)
    if (line === undefined) break
    lines.push(bytes.slice(at, line[0]))
    at = line[1]
  }
  checkLength('wrap', bytes.length + lines.length * end.length)
  return toText([...lines, bytes.slice(at)].join(end))
}

/** A text cut to a width, with dots where something is left out; from an offset on. */
function abbreviated(bytes: string, offset: number, width: number): string {
  if (bytes.length <= width) return bytes
  const room = width - 3
  const isNearEnd = bytes.length - offset < room
  const start = isNearEnd ? bytes.length - room : offset
  if (start <= 4) return `${bytes.slice(0, room)}...`
  if (start + room < bytes.length) return `...${abbreviated(bytes.slice(start), 0, room)}`
  return `...${bytes.slice(bytes.length - room)}`
}

/** The first bytes of a text, the last three of the width being dots. */
export function abbreviatedEnd(text: string, width: bigint): string {
  return width < 4n ? text : toText(abbreviated(toBytes(text), 0, Number(width)))
}

/** As {@link abbreviatedEnd}, with what stands before an offset left out, too. */
export function abbreviatedBoth(text: string, offset: bigint, width: bigint): string {
  if (width < 4n || (offset > 0n && width < 7n)) return text
  const bytes = toBytes(text)
  const start = offset > BigInt(bytes.length) ? bytes.length : Number(offset)
  return toText(abbreviated(bytes, start, Number(width)))
}

/** The first bytes of a text, for a negative count the last ones. */
export function truncated(count: bigint, text: string): string {
  const bytes = toBytes(text)
  const length = BigInt(bytes.length)
  if (count < 0n) return length + count > 0n ? toText(bytes.slice(Number(count))) : text
  return length > count ? toText(bytes.slice(0, Number(count))) : text
}

/** The bytes of a text from a place up to another; a negative one stands for an end of the text. */
export function substring(start: bigint, end: bigint, text: string): string {
  const bytes = toBytes(text)
  const length = BigInt(bytes.length)
  const from = start < 0n ? 0n : start
  const to = start >= 0n && (end < 0n || end > length) ? length : end
  if (to < 0n || to > length || from > to) {
    const shown = start < 0n ? `[:${to}] with length ${length}` : `[${from}:${to}]`
    throw callFailure(`runtime error: slice bounds out of range ${shown}`)
  }
  return toText(bytes.slice(Number(from), Number(to)))
}
