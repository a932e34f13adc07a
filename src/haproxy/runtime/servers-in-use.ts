import type { RunningServer } from '../control.ts'
import { parseServers } from './servers.ts'
import { parseStatistics } from './statistics.ts'

/** The command that gives the statistics of all servers, and of nothing else (management.txt §9.3). */
export const showServerStatisticsCommand = 'show stat -1 4 -1'

/**
 * The servers that something is under way on, or may be sent to next, from the replies of
 * `show servers state` and `showServerStatisticsCommand`: those that are ready, those with a session,
 * and those that drain and keep clients by a cookie.
 */
export function serversInUse(servers: string, statistics: string): readonly RunningServer[] {
  const rows = new Map(
    parseStatistics(statistics).map((row) => [`${row.proxy}/${row.server}`, row]),
  )
  return [...parseServers(servers)]
    .filter(([key, { admin }]) => {
      const row = rows.get(key)
      if (admin === 'ready' || row === undefined || row.sessions > 0) return true
      return admin === 'drain' && (row.columns.get('cookie') ?? '') !== ''
    })
    .map(([, server]) => server)
}
