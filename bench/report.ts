import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { round } from './statistics.ts'

const folder = fileURLToPath(new URL('./results', import.meta.url))

/** One line of a bench's table. `budget` undefined: for comparison only, it never fails the run. */
export type Row = {
  readonly what: string
  /** What was measured: `fairlead`, `hand-written`, … */
  readonly of: string
  readonly measured: number
  readonly unit: string
  readonly budget?: { readonly is: '<=' | '>=' | '<'; readonly value: number }
}

/** What a bench gives: the table, and everything measured, for the JSON file. */
export type Outcome = {
  readonly rows: readonly Row[]
  readonly notes: readonly string[]
  readonly details: unknown
}

/** The machine's load before the bench began: above about one, milliseconds say little. */
export const loadBefore = loadavg()[0] ?? Number.NaN

/** Whether a row keeps its budget; NaN, which is "nothing measured", does not. */
export function holds({ measured, budget }: Row): boolean {
  if (budget === undefined) return true
  if (budget.is === '<') return measured < budget.value
  return budget.is === '<=' ? measured <= budget.value : measured >= budget.value
}

/** Prints the table, writes bench/results/NAME.json; true when every budget holds. */
export function publish(name: string, outcome: Outcome): boolean {
  const isPassed = outcome.rows.every(holds)
  console.log(`\n${table(outcome.rows)}`)
  for (const note of outcome.notes) console.log(note)
  mkdirSync(folder, { recursive: true })
  const rows = outcome.rows.map((row) => ({ ...row, holds: holds(row) }))
  const machine = {
    cpus: cpus().length,
    memoryBytes: totalmem(),
    kernel: release(),
    loadBefore,
  }
  const text = { name, at: new Date().toISOString(), node: process.version, machine, isPassed }
  const file = join(folder, `${name}.json`)
  writeFileSync(
    file,
    `${JSON.stringify({ ...text, rows, notes: outcome.notes, details: outcome.details }, null, 2)}\n`,
  )
  if (loadBefore > 1) {
    console.log(
      `the machine was busy before (load ${loadBefore}): times are worse than on a quiet one`,
    )
  }
  console.log(`${isPassed ? 'passed' : 'FAILED'}: bench:${name}, details in ${file}`)
  return isPassed
}

function table(rows: readonly Row[]): string {
  const cells = rows.map((row) => [
    row.what,
    row.of,
    `${round(row.measured)} ${row.unit}`.trim(),
    row.budget === undefined ? '' : `${row.budget.is} ${row.budget.value}`,
    row.budget === undefined ? '' : holds(row) ? 'pass' : 'FAIL',
  ])
  const all = [['what', 'of', 'measured', 'budget', ''], ...cells]
  const widths = [0, 1, 2, 3, 4].map((i) => Math.max(...all.map((line) => line[i]?.length ?? 0)))
  return all
    .map((line) =>
      line
        .map((cell, i) => (i === 2 ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
