import { quoteWord } from '../../haproxy/config/quote.ts'
import type { RoutingSettings } from '../contract.ts'
import { defaultsName } from './defaults.ts'
import { section } from './global.ts'
import { mapPaths } from './maps.ts'

/** Words of one line are limited to 64 (configuration.txt §2.1). */
const networksPerLine = 50

/**
 * Time, client, service, server (which names the container), status, bytes; then milliseconds: to
 * receive the request, in the queue, to connect, until the server answered, in all; how it ended
 * (configuration.txt §8.5), retries; host and request line, quoted. What would break a line or a
 * quote is escaped, in the request line by HAProxy itself, in the host as JSON does it, so that a
 * request cannot forge an entry.
 */
const logFormat =
  '%tr %ci:%cp %b %s %ST %B %TR/%Tw/%Tc/%Tr/%Ta %tsc %rc "%[capture.req.hdr(0),json(utf8s)]" %{+Q}r'

/**
 * The one frontend. The rules run for every request, so that there are as few as can be, and what
 * the most frequent request needs comes first.
 */
export function renderFrontend(settings: RoutingSettings): string {
  return section(`frontend fairlead_http from ${defaultsName}`, [
    ...settings.http.map((address) => bindLine(address, settings.timeouts.clientMs)),
    ...(settings.accessLog
      ? ['capture request header Host len 128', `log-format '${logFormat}'`]
      : []),
    ...forwardRules(settings.trustedProxies),
    ...hostRules(settings.paths.maps),
    ...repeatRules,
    'use_backend %[var(txn.backend)]',
    'default_backend fairlead_none',
  ])
}

/**
 * What is on its way to a client may go without an acknowledgement for as long as a client may be
 * silent, whatever the kernel's own limit is: where that is low, to find servers on nodes without
 * power (docs/operations.md, "What faults cost"), it is not meant for clients.
 */
function bindLine(address: string, clientMs: number): string {
  return `bind ${quoteWord(address)} tcp-ut ${clientMs}ms`
}

/**
 * A request that may change something is never sent twice: not by a retry, and not by the chance
 * that a server closes an idle connection under it, so that it gets a connection of its own. For
 * that it has a number, which the servers (`connectionName`) make a part of a connection's identity. `allow`
 * ends the frontend's rules for all others.
 */
const repeatRules = [
  'http-request allow if { method GET HEAD OPTIONS }',
  'http-request disable-l7-retry',
  'http-request set-var(txn.fresh) rand(2000000000)',
]

/**
 * What a client says about where a request came from is not believed, whichever X-Forwarded header
 * it uses, unless it is a trusted proxy; then its words stay and our own address of it is added. The
 * form with underscores goes too: many programs behind CGI or WSGI cannot tell the two apart.
 */
function forwardRules(trustedProxies: readonly string[]): readonly string[] {
  if (trustedProxies.length === 0) {
    return [
      ...['x-forwarded', 'x_forwarded'].map((name) => `http-request del-header ${name} -m beg`),
      'http-request del-header forwarded',
      'option forwardfor',
      ...forwarded.map(([name, value]) => `http-request add-header ${name} ${value}`),
    ]
  }
  return [
    ...trustedAcl(trustedProxies),
    ...['x-forwarded', 'x_forwarded'].map(
      (name) => `http-request del-header ${name} -m beg unless is_trusted`,
    ),
    'http-request del-header forwarded unless is_trusted',
    'option forwardfor',
    ...forwarded.map(
      ([name, value]) =>
        `http-request add-header ${name} ${value} unless { req.hdr(${name}) -m found }`,
    ),
  ]
}

const forwarded = [
  ['X-Forwarded-Proto', 'http'],
  ['X-Forwarded-Host', '%[req.hdr(host)]'],
] as const

function trustedAcl(networks: readonly string[]): readonly string[] {
  const lines: string[] = []
  for (let index = 0; index < networks.length; index += networksPerLine) {
    const chunk = networks.slice(index, index + networksPerLine)
    lines.push(`acl is_trusted src -- ${chunk.map(quoteWord).join(' ')}`)
  }
  return lines
}

/**
 * From the Host header to a backend: an exact name, a wildcard for its first label, the default.
 * All three are map entries, so that none of them costs a reload when it changes.
 */
function hostRules(maps: string): readonly string[] {
  const { hosts, fallback } = mapPaths(maps)
  const host = 'req.hdr(host),host_only,lower,rtrim(.)'
  const unless = 'unless { var(txn.backend) -m found }'
  return [
    `http-request set-var(txn.backend) ${host},map_str(${quoteWord(hosts)})`,
    `http-request set-var(txn.backend) ${host},regsub(^[^.]+,*),map_str(${quoteWord(hosts)}) ${unless}`,
    `http-request set-var(txn.backend) str(default),map_str(${quoteWord(fallback)}) ${unless}`,
  ]
}
