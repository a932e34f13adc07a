import type { RoutingSettings } from '../contract.ts'
import type { Member } from '../member.ts'

/**
 * Checks every two seconds, every half a second once one fails, a dead one every five: it is not
 * hammered. Five requests in a row that could not be connected are as good as failed checks: of a
 * node that has lost its power nobody says anything, and each request would wait for the connect
 * timeout first. Half a second later a check may say otherwise.
 *
 * Connections stay when a check fails (no `on-marked-down shutdown-sessions`): a server too busy to
 * answer a check in time may still finish what it has begun.
 *
 * `pool-max-conn -1` is the default of a server in a file, but not of one added at runtime before
 * HAProxy 3.0. `sni` (from 3.0 on `pool-conn-name`) is no TLS here: it makes the number that a request which may not be repeated
 * has (see the frontend) a part of the connection's identity, so that such a request never meets a
 * connection that the server is about to close. Requests without a number share all connections.
 */
const checks =
  'check inter 2s fastinter 500ms downinter 5s rise 1 fall 2 ' +
  'observe layer4 error-limit 5 on-error mark-down'
const pool = 'pool-max-conn -1 pool-purge-delay 5s'

/**
 * A `server` line. Every parameter stands on it, since a server added at runtime takes nothing from
 * `default-server` (management.txt, `add server`).
 */
export function renderServer(
  member: Member,
  connectionName: RoutingSettings['connectionName'],
): string {
  const { endpoint, labels, server, weight, admin } = member
  return (
    `    server ${server} ${addressOf(endpoint.address)}:${endpoint.port} ${checks} ` +
    `weight ${weight}${option('maxconn', labels.maxconn, '')}` +
    `${option('slowstart', labels.slowstartMs, 'ms')} ${pool} ${connectionName} var(txn.fresh)` +
    `${admin === 'ready' ? '' : ' disabled'}\n`
  )
}

function option(keyword: string, value: number | undefined, unit: string): string {
  return value === undefined || value === 0 ? '' : ` ${keyword} ${value}${unit}`
}

function addressOf(address: string): string {
  return address.includes(':') ? `[${address}]` : address
}
