import { quoteWord } from '../../haproxy/config/quote.ts'
import type { RoutingSettings } from '../contract.ts'

/**
 * The `global` section. `noreuseport` because a second HAProxy on the same address would else start
 * silently and take a part of the traffic; a hitless reload hands its sockets over all the same.
 * Without a wish for `maxconn` HAProxy sizes itself by the file-descriptor limit (configuration.txt
 * §3.2): a number that the limit does not allow would keep it from starting.
 */
export function renderGlobal(settings: RoutingSettings): string {
  const { paths, runAs, timeouts, maxConnections } = settings
  const lines = [
    `stats socket ${quoteWord(paths.socket)} mode 600 level admin expose-fd listeners`,
    'noreuseport',
    `hard-stop-after ${timeouts.hardStopMs}ms`,
    `mworker-max-reloads ${settings.mostOldWorkers}`,
  ]
  if (maxConnections !== undefined) lines.push(`maxconn ${maxConnections}`)
  if (runAs !== undefined) {
    lines.push(`user ${quoteWord(runAs.user)}`, `group ${quoteWord(runAs.group)}`)
  }
  if (paths.chroot !== undefined) lines.push(`chroot ${quoteWord(paths.chroot)}`)
  if (settings.accessLog) lines.push('log stdout format raw local0')
  return section('global', lines)
}

/** A section's text: its heading, its lines indented, a line feed at the end of each. */
export function section(heading: string, lines: readonly string[]): string {
  return `${heading}\n${lines.map((line) => `    ${line}\n`).join('')}`
}
