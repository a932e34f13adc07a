import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Tally } from './account.ts'
import type { Outcome } from './drill.ts'

const page = fileURLToPath(new URL('../docs/operations.md', import.meta.url))
const begin = '<!-- drills: written by npm run drill -- --write -->'
const end = '<!-- /drills -->'

type Ways = { readonly json: boolean; readonly write: boolean }

/** Prints the outcomes as a table, or as JSON; with `write` the table goes into docs/operations.md. */
export function publish(
  outcomes: readonly Outcome[],
  { json, write }: Ways,
  say: (text: string) => void,
): void {
  if (json) console.log(JSON.stringify(outcomes, null, 2))
  else console.log(`\n${table(outcomes)}`)
  if (!write) return
  writeFileSync(page, withTable(readFileSync(page, 'utf8'), table(outcomes)))
  say(`written: ${page}`)
}

/** Markdown, one row a drill. */
export function table(outcomes: readonly Outcome[]): string {
  const head = [
    'what happens',
    'GETs failed',
    'POSTs failed',
    'late GETs',
    'slowest GET',
    'last request to a dead server',
    'right after healing',
  ]
  const rows = outcomes.map((outcome) => [
    outcome.title,
    failures(outcome.gets),
    failures(outcome.posts),
    String(outcome.gets.late),
    `${(outcome.gets.slowestMs / 1000).toFixed(1)} s`,
    outcome.quietSeconds === undefined ? '–' : `${outcome.quietSeconds.toFixed(1)} s`,
    `${outcome.rightSeconds.toFixed(1)} s`,
  ])
  const widths = head.map((_, i) => Math.max(...[head, ...rows].map((row) => row[i]?.length ?? 0)))
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`
  return [line(head), rule, ...rows.map(line)].join('\n')
}

const failures = ({ failed, sent }: Tally): string => `${failed} of ${sent.toLocaleString('en')}`

/** The page with another table between its two marks. Throws where it has no such marks. */
export function withTable(text: string, table: string): string {
  const from = text.indexOf(begin)
  const to = text.indexOf(end)
  if (from === -1 || to < from) throw new Error(`docs/operations.md has no ${begin} … ${end}`)
  return `${text.slice(0, from + begin.length)}\n\n${table}\n\n${text.slice(to)}`
}
