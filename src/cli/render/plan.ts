import type { ApplyReport, PlannedChange, PlanReport } from '../../handwritten/report.ts'
import { printable } from '../../support/printable.ts'
import type { Colour, Paint } from './text.ts'
import { counted } from './text.ts'

export type PlanLook = {
  readonly paint: Paint
  /** With the exact commands. */
  readonly commands?: true
  /** Every change, however many. */
  readonly all?: true
}

/** Of one section, and of all commands, at most so many are shown. */
const mostShown = 20
/** Sections whose changes are shown one by one. */
const mostSections = 20

/** The difference as a person reads it: where from, what, how, and one line that sums it up. */
export function renderPlan(report: PlanReport, look: PlanLook): string {
  const parts = [header(report, look), changeLines(report, look), keptLines(report, look)]
  if (report.reasons.length > 0) parts.push(reasonLines(report, look))
  if (look.commands && report.commands.length > 0)
    parts.push(['commands:', ...shortened(report.commands, look).map((line) => `  ${line}`)])
  parts.push([summary(report, look)])
  return parts
    .filter((lines) => lines.length > 0)
    .map((lines) => `${lines.join('\n')}\n`)
    .join('\n')
}

function header({ haproxy, base, live, config }: PlanReport, { paint }: PlanLook): string[] {
  const { version, socket, foundBy } = haproxy
  const lines = [
    `${paint('bold', `HAProxy ${printable(version)}`)} at ${printable(socket)} ${paint('dim', `(${printable(foundBy)})`)}`,
    `base: ${printable(base.why)}`,
  ]
  if (live !== config) lines.push(printable(`file: ${live} gets the text of ${config}`))
  return lines
}

function changeLines(report: PlanReport, look: PlanLook): string[] {
  const bySection = new Map<string, PlannedChange[]>()
  for (const change of report.changes) {
    const changes = bySection.get(change.section) ?? []
    changes.push(change)
    bySection.set(change.section, changes)
  }
  const shown = [...bySection].slice(0, look.all ? undefined : mostSections)
  const hidden = [...bySection].slice(shown.length)
  const texts = shown.flatMap(([, changes]) => changes.map(({ text }) => text.length))
  const width = Math.min(64, Math.max(0, ...texts.slice(0, mostSections * mostShown))) + 2
  const lines = shown.flatMap(([section, changes]) => {
    const each = changes.map((change) => changeLine(change, width, look))
    const title = section === '' ? 'configuration' : section
    return [look.paint('bold', printable(title)), ...shortened(each, look)]
  })
  if (hidden.length === 0) return lines
  const more = hidden.reduce((sum, [, changes]) => sum + changes.length, 0)
  const where = counted(hidden.length, 'more section')
  return [...lines, `… and ${counted(more, 'change')} in ${where} (--all shows them)`]
}

const colours: Readonly<Record<PlannedChange['sign'], Colour>> = {
  '+': 'green',
  '-': 'red',
  '~': 'yellow',
}

function changeLine(change: PlannedChange, width: number, { paint }: PlanLook): string {
  const { sign, text, how, isDrift } = change
  const colour = colours[sign]
  const note = isDrift ? ` ${paint('dim', `(${driftNote(change)})`)}` : ''
  const shown = `${sign} ${printable(text).padEnd(width)}`
  return `  ${paint(colour, shown)} ${paint('dim', how)}${note}`
}

function driftNote({ kind, sign }: PlannedChange): string {
  if (kind === 'server-remove') return 'not in the text'
  return sign === '+' ? 'was removed at runtime' : 'was changed at runtime'
}

function keptLines({ kept }: PlanReport, look: PlanLook): string[] {
  const lines = kept.map(({ server, state, said }) => {
    return `kept: server ${printable(server)} in ${state}, as it was put at runtime (the text says ${said})`
  })
  return shortened(lines, look)
}

function reasonLines({ reasons, haproxy }: PlanReport, look: PlanLook): string[] {
  const lines = reasons.map(({ text }) => `  ${printable(text)}`)
  const title = look.paint('yellow', 'a reload, because:')
  const hint = '  no way to reload is known: name the master socket, or give --reload-command'
  return [title, ...shortened(lines, look), ...(haproxy.canReload ? [] : [hint])]
}

function summary({ how, changes, commands, reasons }: PlanReport, { paint }: PlanLook): string {
  if (how === 'none') return paint('green', 'nothing to do: HAProxy runs this configuration')
  const count = counted(changes.length, 'change')
  if (how === 'runtime')
    return paint('green', `${count} by ${counted(commands.length, 'command')}, no reload`)
  const along = changes.filter((change) => change.how === 'with reload').length
  const also = along === 0 ? '' : `; ${counted(along, 'change comes', 'changes come')} with it`
  return paint('yellow', `1 reload for ${counted(reasons.length, 'reason')}${also}`)
}

/** What an apply did. */
export function renderResult(report: ApplyReport, look: PlanLook): string {
  const { result, how, live, config } = report
  const { paint } = look
  const ms = `${Math.max(1, Math.round(result.verifiedMs))} ms`
  const lines: string[] = []
  if (how === 'runtime' && result.how === 'reload') {
    lines.push(`commands were not enough: ${result.reasons.map(printable).join('; ')}`)
  }
  if (result.how === 'none' && live !== config)
    lines.push(printable(`${live} has the new text, which means the same to HAProxy`))
  const after = counted(result.commands.length, 'command')
  if (result.how === 'runtime') lines.push(paint('green', `applied by ${after}, read back: ${ms}`))
  if (result.how === 'reload') {
    const more = result.commands.length === 0 ? '' : ` and ${after}`
    lines.push(paint('green', `applied by a reload${more}, read back: ${ms}`))
  }
  for (const server of result.lingering) {
    lines.push(`server ${printable(server)} keeps its last connections; the next apply deletes it`)
  }
  for (const problem of result.problems) lines.push(paint('yellow', printable(problem)))
  return lines.length === 0 ? '' : `\n${lines.join('\n')}\n`
}

function shortened(lines: readonly string[], { all }: PlanLook): string[] {
  if (all || lines.length <= mostShown) return [...lines]
  const more = lines.length - mostShown
  return [...lines.slice(0, mostShown), `  … and ${more} more (--all shows them)`]
}
