import type { ClusterMemberReport, ClusterReport } from '../../api/contract.ts'
import { printable } from '../../support/printable.ts'
import type { View } from './endpoints.ts'
import { columnWidths, tableLine } from './table.ts'
import type { Cell, Column } from './table.ts'
import { counted, span } from './text.ts'
import type { Colour } from './text.ts'

type ConsulCluster = Extract<ClusterReport, { kind: 'consul' }>

const columns: readonly Column[] = [
  { title: 'NODE', align: 'left', leastWidth: 8 },
  { title: 'NAME', align: 'left', leastWidth: 7 },
  { title: 'STATE', align: 'left' },
  { title: 'HAPROXY', align: 'left', leastWidth: 6 },
  { title: 'HASH', align: 'left' },
  { title: 'SINCE', align: 'right' },
  { title: 'GEN', align: 'right' },
  { title: 'SERVES', align: 'left', leastWidth: 12 },
]

/** `fairlead status --cluster` for people. Lines end in a line feed. */
export function renderCluster(report: ClusterReport, view: View): string {
  const lines = report.kind === 'embedded' ? alone : clusterLines(report, view)
  return lines.map((line) => `${line}\n`).join('')
}

const alone = [
  'This load balancer keeps its registry itself: there is nothing to compare it with.',
  'Several load balancers share one Consul; start each of them with',
  '  fairlead up --registry consul://ADDRESS:8500',
]

function clusterLines(report: ConsulCluster, view: View): readonly string[] {
  const { members } = report
  const rows = members.map((member) => cellsOf(member, view))
  const widths = columnWidths(columns, rows, view.columns - 4)
  const titles = columns.map(({ title }): Cell => ({ text: title }))
  return [
    headline(report, view),
    ...warnings(report, view),
    ...(rows.length === 0
      ? []
      : ['', view.paint('dim', `    ${tableLine(columns, widths, titles)}`)]),
    ...members.flatMap((member, index) => [
      `  ${mark(member, view)} ${tableLine(columns, widths, rows[index] ?? [])}`,
      ...remarks(member, view),
    ]),
  ]
}

function headline({ members, isSame }: ConsulCluster, { paint }: View): string {
  const count = counted(members.length, 'load balancer')
  const same = members.filter(({ verdict }) => verdict.kind === 'same').length
  const dot = paint(isSame ? 'green' : 'yellow', '●')
  if (members.length === 0) return `${dot} no load balancer is registered`
  if (members.length === 1) return `${dot} ${count}: no other one is registered in this Consul`
  if (same === members.length) {
    return `${dot} ${count}, all with the same desired state${isSame ? '' : '; not all are well'}`
  }
  return `${dot} ${count}, ${same} of ${members.length} with the same desired state`
}

function warnings({ error, readAtMs, members }: ConsulCluster, { paint, nowMs }: View): string[] {
  if (error !== '') {
    const age = readAtMs === undefined ? '' : `; as it was ${span(nowMs - readAtMs)} ago`
    return [`  ${paint('yellow', '!')} Consul cannot be read${age}: ${printable(error)}`]
  }
  if (members.some(({ isThis }) => isThis)) return []
  const what = 'this one is not registered (yet), or the token may not read it'
  return [`  ${paint('yellow', '!')} ${what}`]
}

function cellsOf(member: ClusterMemberReport, { paint, nowMs }: View): Cell[] {
  const colour = colourOf(member)
  return [
    { text: printable(member.node) },
    { text: `${printable(member.instance)}${member.isThis ? ' *' : ''}` },
    { text: member.state, paint: (text) => paint(stateColour(member), text) },
    { text: printable(member.haproxyVersion.replace(/-.*/, '')) },
    { text: printable(member.hash.slice(0, 8)) },
    { text: span(nowMs - member.sinceMs) },
    { text: String(member.generation) },
    { text: shortVerdict(member), paint: (text) => paint(colour, text) },
  ]
}

/** A word or two; what there is more to say stands below. */
function shortVerdict({ verdict, pinnedTo }: ClusterMemberReport): string {
  const words = {
    same: pinnedTo === undefined ? 'the same' : `the same, pinned to ${pinnedTo}`,
    lags: 'lags behind',
    away: 'not known',
    pinned: 'differs',
    settings: 'differs',
    differs: 'differs',
    'not applied': 'not applied',
  }
  return words[verdict.kind]
}

function remarks(member: ClusterMemberReport, { paint, nowMs }: View): string[] {
  const { verdict, state, why, stateSinceMs, leftOut, version } = member
  const since = verdict.forMs === undefined ? '' : ` for ${span(verdict.forMs)}`
  const left = leftOut === 0 ? '' : `, ${leftOut} left out`
  return [
    ...(verdict.kind === 'same' ? [] : [`${verdict.text}${since} (fairlead ${version}${left})`]),
    ...(state === 'passing' ? [] : [`${state} for ${span(nowMs - stateSinceMs)}: ${why}`]),
  ].map((text) => paint('dim', `    └ ${printable(text)}`))
}

function colourOf({ verdict }: ClusterMemberReport): Colour {
  return verdict.kind === 'same' ? 'green' : 'yellow'
}

function stateColour({ state }: ClusterMemberReport): Colour {
  return state === 'passing' ? 'green' : state === 'warning' ? 'yellow' : 'red'
}

function mark(member: ClusterMemberReport, { paint }: View): string {
  if (member.state === 'critical') return paint('red', '✗')
  const isWell = member.state === 'passing' && member.verdict.kind === 'same'
  return isWell ? paint('green', '✓') : paint('yellow', '!')
}
