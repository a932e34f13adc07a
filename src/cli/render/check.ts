import { shownProblem } from '../../compose/check.ts'
import type { CheckReport, RoutedContainers, RouteReport } from '../../compose/report.ts'
import { printable } from '../../support/printable.ts'
import { columnWidths, tableLine } from './table.ts'
import type { Cell, Column } from './table.ts'
import { counted } from './text.ts'
import type { Paint } from './text.ts'

export type CheckView = { readonly paint: Paint; readonly columns: number }

const columns: readonly Column[] = [
  { title: 'ROUTE', align: 'left', leastWidth: 20 },
  { title: 'SERVICE', align: 'left', leastWidth: 10 },
  { title: 'CONTAINERS', align: 'left', leastWidth: 10 },
  { title: 'PORT', align: 'right' },
  { title: 'NETWORK', align: 'left', leastWidth: 8 },
]

/** `fairlead check` for people. Lines end in a line feed. */
export function renderCheck(report: CheckReport, view: CheckView): string {
  const sections = [
    header(report, view),
    routes(report, view),
    leftOut(report, view),
    problems(report, view),
    metadata(report, view),
  ]
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.map((line) => `${line}\n`).join(''))
    .join('\n')
}

function header(report: CheckReport, { paint }: CheckView): string[] {
  const { project, files, errors, warnings, profiles, inactive } = report
  const colour = errors > 0 ? 'red' : warnings > 0 ? 'yellow' : 'green'
  const counts = [
    counted(report.routes.length, 'route'),
    `${report.leftOut.length} without`,
    counted(errors, 'error'),
    counted(warnings, 'warning'),
  ]
  const asked = profiles.length === 0 ? '' : `, profiles ${profiles.map(printable).join(', ')}`
  const sleeping = inactive.map(printable).join(', ')
  return [
    `${paint(colour, '●')} ${paint('bold', `project ${printable(project)}`)}  ${files.map(printable).join(', ')}${asked}`,
    `  ${counts.join(', ')}`,
    ...(inactive.length === 0 ? [] : [`  not started without their profiles: ${sleeping}`]),
  ]
}

function routes({ routes: list }: CheckReport, { paint, columns: width }: CheckView): string[] {
  if (list.length === 0) return ['No service gets a route.']
  const rows = list.flatMap((route) => rowsOf(route, paint))
  const widths = columnWidths(columns, rows, width)
  const titles = columns.map(({ title }): Cell => ({ text: title }))
  return [
    paint('dim', tableLine(columns, widths, titles)),
    ...rows.map((row) => tableLine(columns, widths, row)),
  ]
}

/** Host names on the left, containers on the right, each as many lines as it takes. */
function rowsOf(route: RouteReport, paint: Paint): Cell[][] {
  const names = [
    ...route.hosts.map((host) => printable(host)),
    ...(route.isDefault ? ['any other host'] : []),
    ...(route.hosts.length === 0 && !route.isDefault ? ['no host name'] : []),
  ]
  const count = Math.max(names.length, route.containers.length)
  return Array.from({ length: count }, (_, index) => [
    { text: names[index] ?? '', paint: (text: string) => paint('cyan', text) },
    { text: index === 0 ? printable(route.service) : '' },
    ...containerCells(route.containers[index]),
  ])
}

function containerCells(containers: RoutedContainers | undefined): Cell[] {
  if (containers === undefined) return [{ text: '' }, { text: '' }, { text: '' }]
  const { container, replicas, port, network, publishedPort } = containers
  const count = replicas === 1 ? '' : ` ×${replicas}`
  const where = publishedPort === undefined ? network : `${network} at ${publishedPort}`
  return [
    { text: `${printable(container)}${count}` },
    { text: port === undefined ? '?' : String(port) },
    { text: printable(where) },
  ]
}

function leftOut({ leftOut: list }: CheckReport, { paint }: CheckView): string[] {
  if (list.length === 0) return []
  const lines = list.flatMap(({ container, reason, hint }) => {
    const line = `  ${printable(container)}: ${printable(reason)}`
    return hint === '' ? [line] : [line, paint('dim', `    hint: ${printable(hint)}`)]
  })
  return [paint('bold', `WITHOUT A ROUTE (${list.length})`), ...lines]
}

function problems({ problems: list }: CheckReport, { paint }: CheckView): string[] {
  if (list.length === 0) return []
  const lines = list.flatMap((problem) => {
    const mark = problem.level === 'error' ? paint('red', '✗') : paint('yellow', '!')
    const line = `  ${mark} ${printable(shownProblem(problem))}`
    if (problem.hint === '') return [line]
    return [line, paint('dim', `    hint: ${printable(problem.hint)}`)]
  })
  return [paint('bold', `PROBLEMS (${list.length})`), ...lines]
}

const uses = {
  check: 'registered in Consul with --registry consul://…, without effect else',
  meta: 'meta of the service, which routes nothing',
} as const

/** Only what somebody might think does more than it does. */
function metadata({ metadata: list }: CheckReport, { paint }: CheckView): string[] {
  const lines = (['check', 'meta'] as const).flatMap((use) => {
    const names = list
      .filter((each) => each.use === use)
      .map(({ container, name }) => `${printable(container)}: ${printable(name)}`)
    return names.length === 0 ? [] : [`  ${names.join(', ')}`, paint('dim', `    ${uses[use]}`)]
  })
  return lines.length === 0 ? [] : [paint('bold', "REGISTRATOR'S METADATA"), ...lines]
}
