import { runCommands } from '../src/haproxy/runtime/socket.ts'
import { parseStatistics } from '../src/haproxy/runtime/statistics.ts'
import type { Reading, ServerState } from './account.ts'

const everyMs = 50

/** What HAProxy says of the service's servers, asked again and again. */
export type ServerWatch = {
  readonly readings: readonly Reading[]
  stop(): Promise<void>
}

/** Servers of a service as a HAProxy has them now. Throws HaproxyError where it does not answer. */
export async function serversOf(
  socketPath: string,
  backend: string,
): Promise<readonly ServerState[]> {
  const [csv = ''] = await runCommands(socketPath, ['show stat'], { timeoutMs: 2000 })
  return parseStatistics(csv)
    .filter(({ kind, proxy }) => kind === 'server' && proxy === backend)
    .map(({ status, columns }) => ({
      address: columns.get('addr') ?? '',
      status,
      chosen: Number(columns.get('lbtot')),
    }))
}

/** Reads every 50 ms. Where HAProxy does not answer, such as in a host without power, that moment is left out. */
export function watchServers(socketPath: string, backend: string, now: () => number): ServerWatch {
  const readings: Reading[] = []
  const stopping = new AbortController()
  const running = (async () => {
    while (!stopping.signal.aborted) {
      const servers = await serversOf(socketPath, backend).catch(() => undefined)
      if (servers !== undefined) readings.push({ atMs: now(), servers })
      await new Promise((resolve) => setTimeout(resolve, everyMs))
    }
  })()
  return {
    readings,
    async stop() {
      stopping.abort()
      await running
    },
  }
}
