import type { RegistrationsReport, StatusReport } from '../../api/contract.ts'
import { printable } from '../../support/printable.ts'
import { endpointTable } from './endpoints.ts'
import type { View } from './endpoints.ts'
import { pinLines } from './history.ts'
import { counted, span } from './text.ts'

/** `fairlead status` for people. Lines end in a line feed. */
export function renderStatus(report: StatusReport, view: View): string {
  const sections = [
    header(report, view),
    [...registry(report, view), ...sources(report, view), ...pinLines(report.pin, view)],
    held(report, view),
    services(report, view),
    leftOut(report, view),
    problems(report, view),
    words(report, view),
  ]
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.map((line) => `${line}\n`).join(''))
    .join('\n')
}

function header(report: StatusReport, { paint, nowMs }: View): string[] {
  const { haproxy } = report
  const mark = isWell(report) ? paint('green', '●') : paint('yellow', '●')
  const name = paint('bold', `fairlead ${printable(report.name)}`)
  const since = `up ${span(nowMs - report.startedAtMs)}`
  const hash = report.desiredHash === '' ? '' : ` ${report.desiredHash.slice(0, 8)}`
  const applied = report.isApplied
    ? `desired state${hash} applied`
    : paint('yellow', `desired state${hash} not applied yet`)
  const served = report.http.map((address) => `http://${address}`).join(', ')
  return [
    `${mark} ${name}  ${report.version}, ${since}, pid ${report.pid}, ${printable(report.stateFolder)}`,
    `  ${haproxyLine(haproxy, paint)}`,
    `  serves ${served === '' ? servedBefore(report) : paint('cyan', served)}, ${applied}`,
  ]
}

/** An adopted HAProxy serves on while nothing is known to apply. */
function servedBefore({ haproxy, isApplied }: StatusReport): string {
  return haproxy.isAdopted && !isApplied ? 'what it served before' : 'nothing yet'
}

function haproxyLine(haproxy: StatusReport['haproxy'], paint: View['paint']): string {
  const name = `HAProxy ${haproxy.version}`.trimEnd()
  if (haproxy.state === 'down') return paint('red', `${name} is down`)
  if (haproxy.state === 'starting') return paint('yellow', `${name} is starting`)
  const how = haproxy.isAdopted ? 'running, adopted' : 'running'
  const pids = `master ${haproxy.masterPid}, worker ${haproxy.workerPid}`
  const connections = `${haproxy.connections} of at most ${haproxy.maxConnections} connections`
  return `${name} ${how}, ${pids}, ${counted(haproxy.reloads, 'reload')}, ${connections}`
}

function isWell(report: StatusReport): boolean {
  return (
    report.isApplied &&
    report.haproxy.state === 'running' &&
    (report.registry.kind === 'embedded' || report.registry.state === 'current') &&
    report.sources.every((source) => source.state === 'connected')
  )
}

/** Only a Consul is worth a line; and what is kept in the embedded registry is on this machine. */
function registry({ registry: it }: StatusReport, { paint, nowMs }: View): string[] {
  if (it.kind === 'embedded') return []
  const where = it.addresses.map(printable).join(', ')
  const name = `Consul at ${where}${it.datacenter === '' ? '' : ` (${printable(it.datacenter)})`}`
  const error = it.error === '' ? '' : `: ${printable(it.error)}`
  if (it.state === 'waiting') {
    const age =
      it.answeredAtMs === undefined ? '' : `, last answer ${span(nowMs - it.answeredAtMs)} ago`
    const text = `${name} does not answer for ${span(nowMs - it.sinceMs)}${age}${error}`
    return [`  ${paint('yellow', '!')} ${text}`]
  }
  if (it.state === 'stale') {
    const text = `${name} has no leader for ${span(nowMs - it.sinceMs)}: what it says may be old`
    return [`  ${paint('yellow', '!')} ${text}${error}`]
  }
  return [`  reads ${counted(it.services, 'service')} of ${name}${registrations(it.registrations)}`]
}

function registrations(it: RegistrationsReport | undefined): string {
  if (it === undefined) return ''
  const pending = it.pending === 0 ? '' : `, ${it.pending} pending`
  const refused = it.refused === 0 ? '' : `, ${it.refused} refused`
  return `, registers ${it.registered}${pending}${refused}`
}

function held({ registry: it }: StatusReport, { paint, nowMs }: View): string[] {
  if (it.kind === 'embedded' || it.held.length === 0) return []
  const lines = it.held.flatMap(({ service, endpoints, sinceMs, untilMs }) => {
    const left =
      untilMs > nowMs ? `confirmed or not in ${span(untilMs - nowMs)}` : 'being confirmed'
    const since = `gone from Consul for ${span(nowMs - sinceMs)}`
    return [
      `  ${paint('yellow', '!')} ${printable(service)}: ${counted(endpoints.length, 'endpoint')} ${since}, ${left}`,
      ...endpoints.map((id) => paint('dim', `    ${printable(id)}`)),
    ]
  })
  const title = 'HELD BACK (served while HAProxy finds them up; `fairlead confirm` lets them go)'
  return [paint('bold', title), ...lines]
}

/** Sources that do well stand on one line; the others each with what is the matter. */
function sources(report: StatusReport, { paint, nowMs }: View): string[] {
  const well = report.sources.filter((source) => source.state === 'connected')
  const others = report.sources.filter((source) => source.state !== 'connected')
  const lines = others.map((source) => {
    const text = `${printable(source.source)} ${source.state} for ${span(nowMs - source.sinceMs)}`
    const error = source.error === '' ? '' : `: ${printable(source.error)}`
    return `  ${paint('yellow', '!')} ${text}${error}`
  })
  const names = well.map((source) => printable(source.source)).join(', ')
  return names === '' ? lines : [`  watches ${names}`, ...lines]
}

function services(report: StatusReport, view: View): string[] {
  if (report.services.length > 0) return endpointTable(report.services, view)
  if (report.leftOut.length > 0) {
    return ['No service is routed yet: everything that was seen is left out, see below.']
  }
  return [
    'No service yet. A container that serves on port 80 is found by itself, for example:',
    '  docker run -d --name web nginx',
  ]
}

function leftOut(report: StatusReport, { paint }: View): string[] {
  if (report.leftOut.length === 0) return []
  const lines = report.leftOut.flatMap((each) => {
    const image = each.image === '' ? '' : ` (${printable(each.image)})`
    const what = `  ${printable(each.name)}${image} on ${printable(each.node)}: `
    const hint = each.hint === '' ? [] : [paint('dim', `    hint: ${printable(each.hint)}`)]
    return [`${what}${printable(each.reason)}`, ...hint]
  })
  return [paint('bold', `LEFT OUT (${report.leftOut.length})`), ...lines]
}

function problems(report: StatusReport, { paint }: View): string[] {
  if (report.problems.length === 0) return []
  const lines = report.problems.flatMap(({ where, what, hint }) => {
    const line = `  ${paint('yellow', '!')} ${printable(where)}: ${printable(what)}`
    return hint === '' ? [line] : [line, paint('dim', `    hint: ${printable(hint)}`)]
  })
  return [paint('bold', `PROBLEMS (${report.problems.length})`), ...lines]
}

function words(report: StatusReport, { paint, nowMs }: View): string[] {
  if (report.words.length === 0) return []
  const lines = report.words.map((word) => {
    const weight = word.weight === undefined ? [] : [`weight ${word.weight}`]
    const said = [...(word.state === undefined ? [] : [word.state]), ...weight].join(', ')
    const since = paint('dim', `for ${span(nowMs - word.sinceMs)}`)
    return `  ${printable(word.endpoint)}  ${said}  ${since}`
  })
  const title = "OPERATOR'S WORDS (taken back by `fairlead ready` and `fairlead weight … auto`)"
  return [paint('bold', title), ...lines]
}
