import { setTimeout as sleep } from 'node:timers/promises'
import { DemoError } from './errors.ts'
import { demoEndpoints, takesTraffic } from './fairlead.ts'
import type { Fairlead } from './fairlead.ts'
import type { WebServer } from './web-servers.ts'

const timeoutMs = 30_000
const pollMs = 20

/**
 * Resolves when HAProxy gives requests to every server of `here` and to none of `left`; throws
 * DemoError with those for which that is not so after 30 s.
 */
export async function waitUntilRouted(
  fairlead: Fairlead,
  here: readonly WebServer[],
  left: readonly WebServer[],
  signal: AbortSignal,
): Promise<void> {
  const deadlineMs = Date.now() + timeoutMs
  for (;;) {
    signal.throwIfAborted()
    const status = await fairlead.status()
    const taking = demoEndpoints(status).filter(takesTraffic)
    const names = new Set(taking.map(({ candidate }) => candidate))
    const missing = here.filter(({ name }) => !names.has(name))
    const staying = left.filter(({ name }) => names.has(name))
    if (missing.length === 0 && staying.length === 0) return
    if (Date.now() > deadlineMs) {
      const list = [...missing, ...staying].map(({ name }) => name).join(', ')
      throw new DemoError(`fairlead does not yet show the change for ${list}.`)
    }
    await sleep(pollMs)
  }
}
