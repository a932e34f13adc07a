import { startFaultProxy } from '../../test/support/consul/fault-proxy.ts'
import type { ProxiedRequest } from '../../test/support/consul/faults.ts'
import type { Stage } from './stage.ts'

/**
 * Stands between fairlead and the agent and counts what fairlead asks; the bench itself asks the
 * agent directly. A read is a request that is answered at once: not one that waits for a change
 * (`index=`; manual: HTTP API, Blocking Queries).
 */
export type ConsulMeter = {
  /** `127.0.0.1:PORT` for `--registry consul://…`. */
  readonly address: string
  /** All requests until now: `METHOD PATH` without the query. */
  requests(): readonly string[]
  /** Reads under way: now, and most at a time. */
  reads(): { readonly now: number; readonly most: number }
  /** How many different paths have been read and answered, of those that begin like this. */
  answered(prefix: string): number
  /** Most connections at a time. */
  mostConnections(): number
}

export async function openConsulMeter(stage: Stage, url: string): Promise<ConsulMeter> {
  const proxy = await startFaultProxy(url)
  stage.onClose(() => proxy.close())
  const answered = new Set<string>()
  const reads = { now: 0, most: 0 }
  proxy.observe((request) => {
    const isRead = !isWaiting(request)
    if (isRead) reads.now += 1
    reads.most = Math.max(reads.most, reads.now)
    return () => {
      answered.add(pathOf(request))
      if (isRead) reads.now -= 1
    }
  })
  return {
    address: proxy.address,
    requests: () => proxy.requests.map((each) => `${each.method} ${pathOf(each)}`),
    reads: () => ({ ...reads }),
    answered: (prefix) => [...answered].filter((path) => path.startsWith(prefix)).length,
    mostConnections: () => proxy.connections.most,
  }
}

const isWaiting = ({ path }: ProxiedRequest): boolean => /[?&]index=[1-9]/.test(path)

const pathOf = ({ path }: ProxiedRequest): string => path.split('?')[0] ?? ''
