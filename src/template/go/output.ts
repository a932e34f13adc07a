/** What an execution has written so far. */
export type Output = {
  /** Every so many pieces become one, since millions of short texts take many times their size. */
  readonly whole: string[]
  readonly pieces: string[]
  /** With what the executions around it have written so far; at first no more than estimated. */
  bytes: number
  isCounted: boolean
  readonly bytesBefore: number
}

const mostPieces = 8192
/** Of one UTF-16 unit. */
const mostBytesOfUnit = 3

export function emptyOutput(bytesBefore: number): Output {
  return { whole: [], pieces: [], bytes: bytesBefore, isCounted: false, bytesBefore }
}

/** Adds a text. */
export function addText(output: Output, text: string): void {
  output.bytes += output.isCounted ? Buffer.byteLength(text) : mostBytesOfUnit * text.length
  output.pieces.push(text)
  if (output.pieces.length < mostPieces) return
  output.whole.push(output.pieces.join(''))
  output.pieces.length = 0
}

/**
 * Whether there are more bytes than that; they are only counted when there could be. A byte that is
 * not UTF-8 counts three.
 */
export function isLongerThan(output: Output, bytes: number): boolean {
  return output.bytes > bytes && countedBytes(output) > bytes
}

export function countedBytes(output: Output): number {
  if (!output.isCounted) {
    output.bytes = output.bytesBefore
    for (const text of output.whole) output.bytes += Buffer.byteLength(text)
    for (const text of output.pieces) output.bytes += Buffer.byteLength(text)
    output.isCounted = true
  }
  return output.bytes
}

export function textOfOutput({ whole, pieces }: Output): string {
  return whole.join('') + pieces.join('')
}
