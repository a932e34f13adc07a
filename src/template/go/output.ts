/** What an execution has written so far. */
export type Output = {
  /** Every so many pieces become one, since millions of short texts take many times their size. */
  readonly whole: string[]
  readonly pieces: string[]
  /** With what the executions around it have written so far. */
  bytes: number
}

const mostPieces = 8192

export function emptyOutput(bytesBefore: number): Output {
  return { whole: [], pieces: [], bytes: bytesBefore }
}

/** Adds a text; counts the bytes. A byte that is not UTF-8 counts three. */
export function addText(output: Output, text: string): void {
  output.bytes += Buffer.byteLength(text)
  output.pieces.push(text)
  if (output.pieces.length < mostPieces) return
  output.whole.push(output.pieces.join(''))
  output.pieces.length = 0
}

export function textOfOutput({ whole, pieces }: Output): string {
  return whole.join('') + pieces.join('')
}
