import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Tally } from './account.ts'
import type { Outcome } from './drill.ts'

const page = fileURLToPath(new URL('../docs/operations.md', import.meta.url))
const begin = '<!-- drills: written by npm run drill -- --write -->'
const end = '<!-- /drills -->'

type Ways = { readonly json: boolean; readonly write: boolean }

/**
 * Prints the outcomes as a table, or as JSON; with `write` the rows go into docs/operations.md, where
 * those of drills that did not run stay.
 */
export function publish(
  outcomes: readonly Outcome[],
  order: readonly string[],
  { json, write }: Ways,
  say: (text: string) => void,
): void {
  if (json) console.log(JSON.stringify(outcomes, null, 2))
  else console.log(`\n${table(outcomes)}`)
  if (!write) return
  writeFileSync(page, withTable(readFileSync(page, 'utf8'), outcomes, order))
  say(`written: ${page}`)
}

/** Markdown, one row a drill. */
export const table = (outcomes: readonly Outcome[]): string => markdown(outcomes.map(cellsOf))

const head = [
  'what happens',
  'GETs failed',
  'POSTs failed',
  'late GETs',
  'slowest GET',
  'last request to a dead server',
  'right after healing',
]

const cellsOf = ({
  title,
  gets,
  posts,
  quietSeconds,
  rightSeconds,
}: Outcome): readonly string[] => [
  title,
  failures(gets),
  failures(posts),
  String(gets.late),
  `${(gets.slowestMs / 1000).toFixed(1)} s`,
  quietSeconds === undefined ? '–' : `${quietSeconds.toFixed(1)} s`,
  `${rightSeconds.toFixed(1)} s`,
]

function markdown(rows: readonly (readonly string[])[]): string {
  const widths = head.map((_, i) => Math.max(...[head, ...rows].map((row) => row[i]?.length ?? 0)))
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`
  return [line(head), rule, ...rows.map(line)].join('\n')
}

const failures = ({ failed, sent }: Tally): string => `${failed} of ${sent.toLocaleString('en')}`

/**
 * The page with these rows in the table between its two marks, and those it had of other drills;
 * `order`: the titles of all drills. Throws where the page has no such marks.
 */
export function withTable(
  text: string,
  outcomes: readonly Outcome[],
  order: readonly string[],
): string {
  const from = text.indexOf(begin)
  const to = text.indexOf(end)
  if (from === -1 || to < from) throw new Error(`docs/operations.md has no ${begin} … ${end}`)
  const old = text.slice(from, to).split('\n').map(cellsIn)
  const fresh = outcomes.map(cellsOf)
  const rowOf = (title: string): readonly string[] | undefined =>
    [...fresh, ...old].find((cells) => cells[0] === title)
  const rows = order.flatMap((title) => [rowOf(title) ?? []]).filter(({ length }) => length > 0)
  return `${text.slice(0, from + begin.length)}\n\n${markdown(rows)}\n\n${text.slice(to)}`
}

const cellsIn = (line: string): readonly string[] =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim())
