const contextLines = 3

/** Above so many lines to compare with so many a stretch is shown as replaced. */
const mostCells = 4_000_000

type Line = { readonly mark: ' ' | '-' | '+'; readonly text: string }

/** The hunks of a unified diff of two texts, each with three lines of context. Without file names. */
export function unifiedDiff(before: string, after: string): string {
  return hunksOf(compareLines(linesOf(before), linesOf(after)))
}

function linesOf(text: string): string[] {
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  return lines
}

function compareLines(before: readonly string[], after: readonly string[]): readonly Line[] {
  const most = Math.min(before.length, after.length)
  let start = 0
  while (start < most && before[start] === after[start]) start += 1
  let end = 0
  while (end < most - start && before.at(-1 - end) === after.at(-1 - end)) end += 1
  return [
    ...marked(' ', before.slice(0, start)),
    ...compareMiddles(
      before.slice(start, before.length - end),
      after.slice(start, after.length - end),
    ),
    ...marked(' ', before.slice(before.length - end)),
  ]
}

/** By a longest common subsequence. */
function compareMiddles(before: readonly string[], after: readonly string[]): Line[] {
  const [rows, columns] = [before.length, after.length]
  if (rows * columns > mostCells) return [...marked('-', before), ...marked('+', after)]
  const width = columns + 1
  const lengths = new Uint32Array((rows + 1) * width)
  for (let row = rows - 1; row >= 0; row -= 1) {
    for (let column = columns - 1; column >= 0; column -= 1) {
      const at = row * width + column
      lengths[at] =
        before[row] === after[column]
          ? (lengths[at + width + 1] ?? 0) + 1
          : Math.max(lengths[at + width] ?? 0, lengths[at + 1] ?? 0)
    }
  }
  const lines: Line[] = []
  let [row, column] = [0, 0]
  while (row < rows && column < columns) {
    const [old = '', now = ''] = [before[row], after[column]]
    const at = row * width + column
    if (old === now) {
      lines.push({ mark: ' ', text: old })
      row += 1
      column += 1
    } else if ((lengths[at + width] ?? 0) >= (lengths[at + 1] ?? 0)) {
      lines.push({ mark: '-', text: old })
      row += 1
    } else {
      lines.push({ mark: '+', text: now })
      column += 1
    }
  }
  return [...lines, ...marked('-', before.slice(row)), ...marked('+', after.slice(column))]
}

function marked(mark: Line['mark'], texts: readonly string[]): Line[] {
  return texts.map((text) => ({ mark, text }))
}

function hunksOf(lines: readonly Line[]): string {
  let text = ''
  const counts = { before: 0, after: 0 }
  for (let at = 0; at < lines.length;) {
    let next = at
    while (next < lines.length && lines[next]?.mark === ' ') next += 1
    if (next === lines.length) break
    const start = Math.max(at, next - contextLines)
    const end = endOfHunk(lines, next)
    advance(counts, lines.slice(at, start))
    const hunk = lines.slice(start, end)
    const from = { ...counts }
    advance(counts, hunk)
    text += `@@ -${range(from.before, counts.before)} +${range(from.after, counts.after)} @@\n`
    text += hunk.map((line) => `${line.mark}${line.text}\n`).join('')
    at = end
  }
  return text
}

/** After the context of the last difference that is near enough to those before. */
function endOfHunk(lines: readonly Line[], first: number): number {
  let last = first
  for (let at = first; at < lines.length && at <= last + 2 * contextLines; at += 1) {
    if (lines[at]?.mark !== ' ') last = at
  }
  return Math.min(lines.length, last + contextLines + 1)
}

function advance(counts: { before: number; after: number }, lines: readonly Line[]): void {
  for (const { mark } of lines) {
    if (mark !== '+') counts.before += 1
    if (mark !== '-') counts.after += 1
  }
}

/** First line from 1, and how many; before the first line it is 0. */
function range(from: number, to: number): string {
  const count = to - from
  return `${count === 0 ? from : from + 1},${count}`
}
