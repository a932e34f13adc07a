import { setTimeout as pause } from 'node:timers/promises'
import { isSameProcess, readRunRecord, startTicks } from './run-record.ts'

const lookAgainMs = 20

/**
 * Ends a HAProxy that outlived its fairlead, by the record in the state folder: gracefully with
 * SIGUSR1 (management guide §4), after `graceMs` with SIGTERM, at last with SIGKILL. False when no
 * such process is there. Only for when no daemon runs: that one would start HAProxy again.
 */
export async function stopOrphan(recordPath: string, graceMs: number): Promise<boolean> {
  const record = await readRunRecord(recordPath)
  if (record === undefined) return false
  const { masterPid, masterStartTicks, workerPid } = record
  if (!isSameProcess(masterPid, masterStartTicks)) return false
  const workerTicks = startTicks(workerPid)
  const isThere = (): boolean =>
    isSameProcess(masterPid, masterStartTicks) || isSameProcess(workerPid, workerTicks)
  const steps = [
    { signal: 'SIGUSR1', waitMs: graceMs },
    { signal: 'SIGTERM', waitMs: 2000 },
    { signal: 'SIGKILL', waitMs: 2000 },
  ] as const
  for (const { signal, waitMs } of steps) {
    send(masterPid, masterStartTicks, signal)
    // The master passes the gentle signals on; it cannot pass on this one.
    if (signal === 'SIGKILL') send(workerPid, workerTicks, signal)
    const endAt = performance.now() + waitMs
    while (isThere() && performance.now() < endAt) await pause(lookAgainMs)
    if (!isThere()) return true
  }
  return true
}

function send(pid: number, ticks: number | undefined, signal: NodeJS.Signals): void {
  if (!isSameProcess(pid, ticks)) return
  try {
    process.kill(pid, signal)
  } catch (error) {
    // It has ended between the look and the signal.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}
