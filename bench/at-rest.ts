import type { Fairlead } from './fronts/fairlead.ts'
import { cpuMs } from './stage/process-usage.ts'
import { until } from './stage/stage.ts'

/** Long enough for what follows a change in fairlead: verifying, writing the snapshot file. */
export const settleMs = 750

/** Resolves when HAProxy serves so many endpoints. */
export async function allServed(fairlead: Fairlead, endpoints: number): Promise<void> {
  const isComplete = async (): Promise<boolean> => {
    const { isApplied, services } = await fairlead.status()
    const all = services.flatMap((service) => service.endpoints)
    return isApplied && all.filter(({ admin }) => admin === 'ready').length === endpoints
  }
  const times = { timeoutMs: 180_000, everyMs: 500 }
  await until(`${endpoints} endpoints are in HAProxy`, isComplete, times)
}

/**
 * Resolves when fairlead uses hardly any CPU. Asking for the status of 10,000 endpoints costs more
 * than a change, so it is not asked.
 */
export async function atRest(fairlead: Fairlead): Promise<void> {
  let before = -1
  const isIdle = (): boolean => {
    const now = cpuMs(fairlead.controllers())
    const isQuiet = before >= 0 && now - before < 20
    before = now
    return isQuiet
  }
  await until('fairlead is idle', isIdle, { everyMs: 1000, timeoutMs: 60_000 })
}

export const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, ms))
