import { styleText } from 'node:util'
import { printable } from '../src/support/printable.ts'
import type { EndpointReport, StatusReport } from '../src/api/contract.ts'
import { demoEndpoints, takesTraffic } from './fairlead.ts'
import { byNumber } from './web-servers.ts'
import type { WebServer } from './web-servers.ts'

export type TableInput = {
  readonly url: string
  readonly status: StatusReport
  readonly servers: readonly WebServer[]
  /** Lines that the terminal has; longer tables are cut, with a word. */
  readonly rows: number
  readonly requestsPerSecond: number
}

const barWidth = 20
const frameLines = 7

/** The live table, line by line: servers in their order, with state and requests. */
export function table({ url, status, servers, rows, requestsPerSecond }: TableInput): string[] {
  const endpoints = demoEndpoints(status).toSorted((a, b) =>
    byNumber({ name: a.candidate }, { name: b.candidate }),
  )
  const most = Math.max(1, ...endpoints.map(({ requests }) => requests))
  const hostnames = new Map(servers.map(({ name, hostname }) => [name, hostname]))
  const lines = endpoints.map((endpoint) =>
    row(endpoint, hostnames.get(endpoint.candidate) ?? '', most),
  )
  const shown = lines.slice(0, Math.max(1, rows - frameLines))
  const hidden = lines.length - shown.length
  return [
    '',
    `  ${styleText('bold', url)}   ${summary(endpoints)}, ${requestsPerSecond} requests a second`,
    '',
    styleText('dim', `  ${cells('SERVER', 'HOSTNAME', 'ADDRESS', 'STATE', 'REQUESTS')}`),
    ...shown,
    ...(hidden > 0 ? [`  … and ${hidden} more`] : []),
    styleText('dim', '  change the number: npm run demo -- scale 10      end: Ctrl-C'),
  ]
}

function row(endpoint: EndpointReport, hostname: string, most: number): string {
  const { candidate, address, port, requests } = endpoint
  const text = cells(
    printable(candidate),
    printable(hostname),
    `${address}:${port}`,
    state(endpoint),
    String(requests),
  )
  const bar = '▆'.repeat(Math.round((requests / most) * barWidth))
  return `  ${text}  ${styleText(takesTraffic(endpoint) ? 'green' : 'yellow', bar)}`
}

function cells(
  name: string,
  hostname: string,
  address: string,
  state: string,
  requests: string,
): string {
  const left = `${name.padEnd(18)} ${hostname.padEnd(13)} ${address.padEnd(21)} ${state.padEnd(9)}`
  return `${left} ${requests.padStart(8)}`
}

function state(endpoint: EndpointReport): string {
  if (takesTraffic(endpoint)) return 'up'
  return endpoint.admin === 'drain' ? 'draining' : endpoint.admin === 'maint' ? 'waiting' : 'down'
}

/** `3 servers up`, `3 of 4 servers up`. */
export function summary(endpoints: readonly EndpointReport[]): string {
  const up = endpoints.filter(takesTraffic).length
  const of = up === endpoints.length ? '' : ` of ${endpoints.length}`
  return `${up}${of} server${endpoints.length === 1 ? '' : 's'} up`
}
