/** Notes which line of a template each line of its output comes from. */
export type OriginTrace = {
  /** A piece of output, written by what stands at that offset of the template. */
  readonly onText: (piece: string, position: number) => void
  /** Template lines from 1, one for each line of output; after a final newline there is no line. */
  lines(): readonly number[]
}

/** The offset at which each line of a text begins. */
function lineStarts(text: string): readonly number[] {
  const starts = [0]
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return starts
}

/** The line, from 1, that an offset is in. */
function lineAt(starts: readonly number[], offset: number): number {
  let [low, high] = [0, starts.length]
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if ((starts[middle] ?? 0) <= offset) low = middle
    else high = middle
  }
  return low + 1
}

/**
 * Traces one evaluation of a template. A line of output is from where its first character that is
 * no blank was written, or its first one if all are.
 */
export function traceOrigins(template: string): OriginTrace {
  const starts = lineStarts(template)
  const finished: number[] = []
  let current: number | undefined
  let isBlank = true
  const note = (part: string, offset: number): void => {
    if (part === '' || !isBlank) return
    const visible = part.search(/\S/)
    if (visible < 0 && current !== undefined) return
    current = lineAt(starts, offset + Math.max(visible, 0))
    isBlank = visible < 0
  }
  return {
    onText(piece, position) {
      const isVerbatim = template.startsWith(piece, position)
      let from = 0
      for (let end = piece.indexOf('\n'); end >= 0; end = piece.indexOf('\n', from)) {
        note(piece.slice(from, end + 1), isVerbatim ? position + from : position)
        finished.push(current ?? 1)
        current = undefined
        isBlank = true
        from = end + 1
      }
      note(piece.slice(from), isVerbatim ? position + from : position)
    },
    lines: () => (current === undefined ? [...finished] : [...finished, current]),
  }
}
