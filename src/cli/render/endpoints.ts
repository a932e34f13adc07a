import type { EndpointReport, ServiceReport } from '../../api/contract.ts'
import { printable } from '../../support/printable.ts'
import { columnWidths, tableLine } from './table.ts'
import type { Cell, Column } from './table.ts'
import { counted, hostPort } from './text.ts'
import type { Colour, Paint } from './text.ts'

/** What a rendering may use: a painter, the width of the terminal, the time. */
export type View = { readonly paint: Paint; readonly columns: number; readonly nowMs: number }

const allColumns: readonly Column[] = [
  { title: 'ENDPOINT', align: 'left', leastWidth: 12 },
  { title: 'NODE', align: 'left', leastWidth: 6 },
  { title: 'DC', align: 'left', leastWidth: 3 },
  { title: 'ADDRESS', align: 'left', leastWidth: 15 },
  { title: 'HEALTH', align: 'left', leastWidth: 8 },
  { title: 'STATE', align: 'left', leastWidth: 10 },
  { title: 'WEIGHT', align: 'right' },
  { title: 'SESS', align: 'right' },
  { title: 'REQS', align: 'right' },
]

const nodeColumn = 1
const datacenterColumn = 2

/**
 * Services, each with a heading and a line per endpoint, in columns that are the same for all. The
 * node is left out where all endpoints are on one, the datacenter where the registry has none. Wholly in order is green, on its way out yellow,
 * out red.
 */
export function endpointTable(services: readonly ServiceReport[], view: View): string[] {
  const endpoints = services.flatMap((service) => service.endpoints)
  const hasNodes = new Set(endpoints.map((endpoint) => endpoint.node)).size > 1
  const hasDatacenters = endpoints.some((endpoint) => endpoint.datacenter !== '')
  const hidden = new Set([
    ...(hasNodes || hasDatacenters ? [] : [nodeColumn]),
    ...(hasDatacenters ? [] : [datacenterColumn]),
  ])
  const keep = <T>(items: readonly T[]): T[] => items.filter((_, index) => !hidden.has(index))
  const columns = keep(allColumns)
  const cells = endpoints.map((endpoint) => keep(cellsOf(endpoint, view.paint)))
  const widths = columnWidths(columns, cells, view.columns - 4)
  const titles = columns.map(({ title }): Cell => ({ text: title }))
  const lines = endpoints.length === 0 ? [] : [`    ${tableLine(columns, widths, titles)}`]
  const dimmed = lines.map((line) => view.paint('dim', line))
  return services.flatMap((service, index) => {
    const rows = service.endpoints.flatMap((endpoint) => {
      const line = tableLine(columns, widths, keep(cellsOf(endpoint, view.paint)))
      return [`  ${markOf(endpoint, view.paint)} ${line}`, ...reasonLines(endpoint, view.paint)]
    })
    const heading = [...(index === 0 ? [] : ['']), headingOf(service, view.paint)]
    return [...heading, ...(index === 0 ? dimmed : []), ...rows, ...emptyLine(service, view.paint)]
  })
}

function headingOf(service: ServiceReport, paint: Paint): string {
  const facts = [
    ...(service.isDefault ? ['default service'] : []),
    // A template says neither hosts nor a way of balancing.
    ...(service.balance === '' ? [] : [service.balance]),
    counted(service.endpoints.length, 'endpoint'),
  ]
  const hosts = service.hosts.map((host) => paint('cyan', printable(host))).join(', ')
  const parts = [paint('bold', printable(service.name)), hosts, paint('dim', facts.join(', '))]
  return parts.filter((part) => part !== '').join('  ')
}

function emptyLine(service: ServiceReport, paint: Paint): string[] {
  if (service.endpoints.length > 0) return []
  const why = service.isGone ? 'its last endpoint has gone' : 'no endpoint is there'
  return [`  ${paint('red', '✗')} ${why}: requests are answered 503`]
}

function cellsOf(endpoint: EndpointReport, paint: Paint): Cell[] {
  const colour = colourOf(endpoint)
  const painted = (text: string): string => paint(colour, text)
  return [
    { text: printable(endpoint.candidate) },
    { text: printable(endpoint.node) },
    { text: printable(endpoint.datacenter) },
    { text: printable(hostPort(endpoint.address, endpoint.port)) },
    { text: endpoint.health },
    { text: stateOf(endpoint), paint: painted },
    { text: String(endpoint.weight) },
    { text: String(endpoint.sessions) },
    { text: String(endpoint.requests) },
  ]
}

/** HAProxy's own word, and before it fairlead's where they are not the same. */
function stateOf({ admin, haproxyStatus }: EndpointReport): string {
  const says = haproxyStatus === '' ? '?' : printable(haproxyStatus)
  if (admin === 'ready') return says
  return says.toLowerCase().startsWith(admin) ? says : `${admin} (${says})`
}

function colourOf(endpoint: EndpointReport): Colour {
  if (endpoint.admin === 'maint' || endpoint.health === 'critical') return 'red'
  if (/^(DOWN|MAINT)/.test(endpoint.haproxyStatus)) return 'red'
  if (endpoint.admin === 'drain' || endpoint.health !== 'passing') return 'yellow'
  return endpoint.haproxyStatus === '' ? 'yellow' : 'green'
}

function markOf(endpoint: EndpointReport, paint: Paint): string {
  const colour = colourOf(endpoint)
  const mark = colour === 'green' ? '✓' : colour === 'red' ? '✗' : '!'
  return paint(colour, mark)
}

function reasonLines(endpoint: EndpointReport, paint: Paint): string[] {
  const reasons = new Set([endpoint.reason, endpoint.healthReason].filter((each) => each !== ''))
  return [...reasons].map((reason) => paint('dim', `    └ ${printable(reason)}`))
}
