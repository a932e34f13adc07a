import { cut } from './text.ts'

export type Column = {
  readonly title: string
  readonly align: 'left' | 'right'
  /** Least width when the terminal is narrow; undefined: never cut. */
  readonly leastWidth?: number
}

/** One cell: its text, and how it is painted after it has its width. */
export type Cell = { readonly text: string; readonly paint?: (text: string) => string }

const gap = 2

/**
 * How wide each column is: as its widest cell, and where that is too much for `width`, the widest
 * of those that may be cut gives way first.
 */
export function columnWidths(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  width: number,
): readonly number[] {
  const widths = columns.map((column, index) => {
    return Math.max(column.title.length, ...rows.map((row) => row[index]?.text.length ?? 0))
  })
  const total = (): number => widths.reduce((sum, each) => sum + each + gap, -gap)
  while (total() > width) {
    const widest = widestThatGives(columns, widths)
    if (widest === undefined) break
    widths[widest] = (widths[widest] ?? 0) - 1
  }
  return widths
}

function widestThatGives(
  columns: readonly Column[],
  widths: readonly number[],
): number | undefined {
  let widest: number | undefined
  columns.forEach((column, index) => {
    const width = widths[index] ?? 0
    if (column.leastWidth === undefined || width <= column.leastWidth) return
    if (widest === undefined || width > (widths[widest] ?? 0)) widest = index
  })
  return widest
}

/** One line of a table, without spaces at its end. */
export function tableLine(
  columns: readonly Column[],
  widths: readonly number[],
  cells: readonly Cell[],
): string {
  const last = cells.length - 1
  const parts = cells.map((cell, index) => {
    const width = widths[index] ?? 0
    const text = cut(cell.text, width)
    const padding = ' '.repeat(Math.max(0, width - text.length))
    const painted = cell.paint === undefined ? text : cell.paint(text)
    if (columns[index]?.align === 'right') return `${padding}${painted}`
    return index === last ? painted : `${painted}${padding}`
  })
  return parts.join(' '.repeat(gap)).trimEnd()
}
