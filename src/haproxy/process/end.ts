import { pause } from '../runtime/master.ts'
import { isSameProcess } from './run-record.ts'

/** A master and its worker, each with its start time: a pid alone may be another process by now. */
export type Processes = {
  readonly masterPid: number
  readonly masterTicks: number
  readonly workerPid: number
  readonly workerTicks: number | undefined
}

/**
 * Ends HAProxy: no new connections and time for those there are (SIGUSR1 to the master,
 * management.txt §4), then at once (SIGTERM), then by force. Resolves when both have gone.
 */
export async function endGracefully(processes: Processes, graceMs: number): Promise<void> {
  const { masterPid, masterTicks, workerPid, workerTicks } = processes
  const steps = [
    { signal: 'SIGUSR1', waitMs: graceMs },
    { signal: 'SIGTERM', waitMs: 2000 },
    { signal: 'SIGKILL', waitMs: 2000 },
  ] as const
  for (const { signal, waitMs } of steps) {
    signalProcess(masterPid, masterTicks, signal)
    if (signal === 'SIGKILL') signalProcess(workerPid, workerTicks, signal)
    if (await haveEnded(processes, waitMs)) return
  }
}

async function haveEnded(processes: Processes, waitMs: number): Promise<boolean> {
  const { masterPid, masterTicks, workerPid, workerTicks } = processes
  const endAt = performance.now() + waitMs
  while (isSameProcess(masterPid, masterTicks) || isSameProcess(workerPid, workerTicks)) {
    if (performance.now() >= endAt) return false
    await pause(10)
  }
  return true
}

/** Sends a signal to that very process; nothing where it has ended. */
export function signalProcess(
  pid: number,
  ticks: number | undefined,
  signal: NodeJS.Signals,
): void {
  if (!isSameProcess(pid, ticks)) return
  try {
    process.kill(pid, signal)
  } catch (error) {
    // It has ended between the look and the signal.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}
