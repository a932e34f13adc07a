import { HaproxyError } from '../runtime/errors.ts'
import { pause, sendReload, showProcesses } from '../runtime/master.ts'
import type { MasterReport } from '../runtime/master.ts'
import { logSince, logSize } from './launch.ts'

/** How long after a reload a connection may still be taken by the old worker; it is told at once. */
export const oldWorkerMs = 5_000
/** How long the right worker is waited for, while another one answers. */
export const otherWorkerMs = 2_000

const patienceMs = 60_000
/** A master that was told to reload and still answers as if it had not, for so long, never was told. */
const untoldMs = 5_000

/**
 * One reload over the master socket; resolves with what the master says once a new worker runs.
 * Never by SIGUSR2, whose result nobody tells, and never two at once: overlapping reloads have lost
 * the listening sockets. From 3.0 the answer is the result. 2.6 answers nothing: there `show proc`
 * counts one reload more, and either a failure or a new worker.
 *
 * Throws HaproxyError `reload_failed` with HAProxy's words; then the old worker goes on. Throws
 * `haproxy_unreachable` when the master was ended meanwhile, also where another one has come since.
 */
export async function reloadMaster(options: {
  readonly masterSocket: string
  /** HAProxy's own messages, for the reason on 2.6; undefined: they are somebody else's to keep. */
  readonly logPath: string | undefined
  readonly isAlive: () => boolean
  /** The worker until now. */
  readonly workerPid: number
}): Promise<MasterReport> {
  const { masterSocket, logPath, isAlive, workerPid } = options
  const logStart = logPath === undefined ? 0 : await logSize(logPath)
  const before = await showProcesses(masterSocket, { patienceMs: 5000, isAlive })
  const answer = await sendReload(masterSocket, patienceMs)
  if (answer?.isDone === false) throw reloadFailed(answer.log)
  const endAt = performance.now() + patienceMs
  let firstAnswerAt: number | undefined
  for (;;) {
    const after = await showProcesses(masterSocket, { patienceMs, isAlive })
    firstAnswerAt ??= performance.now()
    // In a container the next master may have the same pid.
    if (after.masterPid !== before.masterPid || after.reloads < before.reloads)
      throw startedAnew(masterSocket)
    const isUntold = answer === undefined && after.reloads === before.reloads
    if (isUntold && performance.now() - firstAnswerAt >= untoldMs) throw startedAnew(masterSocket)
    if (after.reloads > before.reloads) {
      if (after.failed > 0)
        throw reloadFailed(logPath === undefined ? '' : await logSince(logPath, logStart))
      const [current] = after.workers
      if (current !== undefined && current !== workerPid) return after
    }
    if (performance.now() >= endAt) throw reloadFailed('no new worker came up')
    await pause(5)
  }
}

function reloadFailed(log: string): HaproxyError {
  const words = log.trim() || 'its own log says why'
  return new HaproxyError(
    'reload_failed',
    `HAProxy did not take up the new configuration: ${words}`,
    {
      hint: 'the old configuration goes on',
    },
  )
}

function startedAnew(masterSocket: string): HaproxyError {
  return new HaproxyError(
    'haproxy_unreachable',
    `the HAProxy at ${masterSocket} was started anew while it was told to reload`,
  )
}
