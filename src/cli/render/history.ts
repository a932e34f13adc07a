import type { ChangeReport, DiffReport, GenerationReport, PinReport } from '../../api/contract.ts'
import { printable } from '../../support/printable.ts'
import type { View } from './endpoints.ts'
import { columnWidths, tableLine } from './table.ts'
import type { Cell, Column } from './table.ts'
import { counted, span } from './text.ts'
import type { Colour, Paint } from './text.ts'

const columns: readonly Column[] = [
  { title: 'GEN', align: 'right' },
  { title: 'TIME', align: 'left' },
  { title: 'HOW', align: 'left' },
  { title: 'TOOK', align: 'right' },
  { title: 'CAUSE', align: 'left', leastWidth: 16 },
  { title: 'CHANGE', align: 'left', leastWidth: 16 },
]

const colours: Readonly<Record<ChangeReport['how'], Colour | undefined>> = {
  runtime: undefined,
  reload: 'cyan',
  failed: 'red',
}

/** `fairlead history`: one line a generation, the newest last. Lines end in a line feed. */
export function renderHistory(changes: readonly ChangeReport[], view: View): string {
  if (changes.length === 0) return 'Nothing was changed yet.\n'
  const { paint } = view
  const rows = changes.map((change) => rowOf(change, view))
  const widths = columnWidths(columns, rows, view.columns)
  const title = columns.map(({ title: text }) => ({ text }))
  const lines = rows.map((row) => tableLine(columns, widths, row))
  return [paint('dim', tableLine(columns, widths, title)), ...lines]
    .map((line) => `${line}\n`)
    .join('')
}

function rowOf(change: ChangeReport, { paint, nowMs }: View): readonly Cell[] {
  const colour = colours[change.how]
  const dim = (text: string): string => paint('dim', text)
  const how = colour === undefined ? {} : { paint: (text: string) => paint(colour, text) }
  return [
    { text: String(change.id), paint: (text) => paint('bold', text) },
    { text: timeOf(change.atMs, nowMs), paint: dim },
    { text: change.how, ...how },
    { text: tookOf(change.applyMs), paint: dim },
    { text: printable(inShort(change.causes)) },
    { text: printable(summaryOf(change)), ...(change.how === 'failed' ? how : {}) },
  ]
}

/** The day is told where it is not the same. */
function timeOf(atMs: number, nowMs: number): string {
  const text = new Date(atMs - new Date(atMs).getTimezoneOffset() * 60_000).toISOString()
  const isRecent = nowMs - atMs < 20 * 3_600_000
  return isRecent ? text.slice(11, 19) : text.slice(0, 19).replace('T', ' ')
}

function tookOf(ms: number): string {
  return ms < 10 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`
}

function summaryOf(change: ChangeReport): string {
  const pinned = change.pinnedTo === undefined ? '' : ` (pinned to ${change.pinnedTo})`
  const what = change.how === 'failed' ? inShort(change.reasons) : changesOf(change)
  return `${what || 'nothing had to be changed'}${pinned}`
}

function changesOf({ changes, changeCount }: ChangeReport): string {
  const rest = changeCount - 1
  return rest > 0 ? `${changes[0]}, and ${rest} more` : (changes[0] ?? '')
}

function inShort(texts: readonly string[]): string {
  const rest = texts.length - 1
  return rest > 0 ? `${texts[0]}, and ${rest} more` : (texts[0] ?? '')
}

/** `fairlead history 42`: everything about one. */
export function renderGeneration(report: GenerationReport, { paint, nowMs }: View): string {
  const colour = colours[report.how] ?? 'green'
  const title = paint('bold', `generation ${report.id}`)
  const event =
    report.eventToDoneMs === undefined ? [] : [`${report.eventToDoneMs} ms from the event to done`]
  const times = [
    ...event,
    `${report.seenToDoneMs} ms since it was seen`,
    `${tookOf(report.applyMs)} in HAProxy`,
  ]
  const pinned = report.pinnedTo === undefined ? '' : `, pinned to generation ${report.pinnedTo}`
  const lines = [
    `${title}  ${paint(colour, report.how)}, ${timeOf(report.atMs, nowMs)} (${span(nowMs - report.atMs)} ago)${pinned}`,
    `  ${times.join(', ')}`,
    `  desired state ${report.desiredHash}`,
    ...part('CAUSES', report.causes, paint),
    ...part(report.how === 'failed' ? 'FAILED' : 'WHY A RELOAD', report.reasons, paint),
    ...part(`CHANGES (${report.changeCount})`, report.changes, paint),
    ...part(`COMMANDS (${report.commands})`, report.commandTexts, paint),
    ...part(
      'PROBLEMS',
      report.problems.map(({ where, what }) => `${where}: ${what}`),
      paint,
    ),
  ]
  return lines.map((line) => `${line}\n`).join('')
}

function part(title: string, texts: readonly string[], paint: Paint): string[] {
  if (texts.length === 0) return []
  return ['', paint('bold', title), ...texts.map((text) => `  ${printable(text)}`)]
}

/** `fairlead diff`: what it means, then the text where it was asked for. */
export function renderDiff({ from, to, changes, text }: DiffReport, paint: Paint): string {
  const names = `generation ${from} → ${to === undefined ? 'now' : `generation ${to}`}`
  const head =
    changes.length === 0
      ? `${names}: no difference\n`
      : `${names}: ${counted(changes.length, 'change')}\n`
  const lines = changes.map((change) => `  ${printable(change)}\n`).join('')
  if (text === undefined || text === '') return head + lines
  return `${head}${lines}\n${text.split('\n').map(paintLine(paint)).join('\n')}`
}

function paintLine(paint: Paint): (line: string) => string {
  return (line) => {
    const shown = printable(line.replaceAll('\t', '    '))
    if (line.startsWith('+++') || line.startsWith('---')) return paint('bold', shown)
    if (line.startsWith('@@')) return paint('cyan', shown)
    if (line.startsWith('+')) return paint('green', shown)
    return line.startsWith('-') ? paint('red', shown) : shown
  }
}

/** For `status`: that a generation is pinned. */
export function pinLines(pin: PinReport | undefined, { paint, nowMs }: View): string[] {
  if (pin === undefined) return []
  const text = `pinned to generation ${pin.generation} for ${span(nowMs - pin.sinceMs)}: structure and settings stay as they were then`
  return [`  ${paint('yellow', '!')} ${text}; \`fairlead unpin\` goes back to the newest`]
}
