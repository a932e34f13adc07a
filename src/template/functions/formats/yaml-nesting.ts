import { CST, Lexer } from 'yaml'

/** A line with block collections, and how many it opens at the most. */
type Line = { readonly indent: number; opened: number }

const blockIndicators = new Set(['seq-item-ind', 'explicit-key-ind', 'map-value-ind'])
const flowStarts = new Set(['flow-map-start', 'flow-seq-start'])
const flowEnds = new Set(['flow-map-end', 'flow-seq-end'])

/** The lines that the one with this indent stands inside of, and that line. */
function enter(lines: Line[], indent: number): number {
  let closed = 0
  while ((lines.at(-1)?.indent ?? -1) >= indent) closed += lines.pop()?.opened ?? 0
  lines.push({ indent, opened: 0 })
  return closed
}

/**
 * Whether collections of a YAML text may be nested deeper than a limit, judged by its tokens alone.
 * The reader of the documents works by recursion: what is nested without measure ends the process.
 */
export function isNestedDeeper(text: string, limit: number): boolean {
  const lines: Line[] = []
  let open = 0
  let flow = 0
  let indent = 0
  let isLineStart = true
  let isEntered = false
  for (const token of new Lexer().lex(text)) {
    const type = CST.tokenType(token) ?? ''
    if (type === 'newline') {
      isLineStart = true
      isEntered = false
      indent = 0
      continue
    }
    if (type === 'space' && isLineStart) indent = token.length
    isLineStart = false
    if (flowStarts.has(type)) flow++
    if (flowEnds.has(type)) flow = Math.max(0, flow - 1)
    if (blockIndicators.has(type) && flow === 0) {
      if (!isEntered) open -= enter(lines, indent)
      isEntered = true
      const line = lines.at(-1)
      if (line !== undefined) line.opened++
      open++
    }
    if (open + flow > limit) return true
  }
  return false
}
