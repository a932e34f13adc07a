import { HaproxyError } from './errors.ts'
import { askUntilEnd } from './socket.ts'

/** What the master process says of itself and its workers: `show proc` (management.txt §9.4). */
export type MasterReport = {
  readonly masterPid: number
  readonly reloads: number
  /** Reloads that failed since the last good one. */
  readonly failed: number
  readonly version: string
  /** Pids of the workers that take new connections. */
  readonly workers: readonly number[]
  /** Pids of workers that only finish what they have. */
  readonly oldWorkers: readonly number[]
  /** How long each worker has been there, by its pid. */
  readonly uptimeSeconds: ReadonlyMap<number, number>
}

/**
 * Reads `show proc`; undefined for what is no such answer. From 3.1 a failed reload leaves the worker
 * that goes on serving among the old ones: there it is found again.
 */
export function parseProcesses(reply: string): MasterReport | undefined {
  let section = 'master'
  let master: { pid: number; reloads: number; failed: number; version: string } | undefined
  const workers: number[] = []
  const oldWorkers: number[] = []
  const uptimeSeconds = new Map<number, number>()
  for (const line of reply.split('\n')) {
    if (line.startsWith('# ')) section = line.slice(2).trim()
    const match = /^(\d+)\s+(master|worker)\s+(\d+)(?:\s+\[failed: (\d+)\])?\s+(\S+)\s+(\S+)/.exec(
      line,
    )
    if (match === null) continue
    const pid = Number(match[1])
    if (match[2] === 'master') {
      master = {
        pid,
        reloads: Number(match[3]),
        failed: Number(match[4] ?? 0),
        version: match[6] ?? '',
      }
    } else {
      ;(section === 'old workers' ? oldWorkers : workers).push(pid)
      uptimeSeconds.set(pid, secondsOf(match[5] ?? ''))
    }
  }
  if (master === undefined) return undefined
  const { pid, reloads, failed, version } = master
  const [serving] = failed > 0 && workers.length === 0 ? byReloads(reply) : []
  return {
    masterPid: pid,
    reloads,
    failed,
    version,
    workers: serving === undefined ? workers : [serving.pid],
    oldWorkers: oldWorkers.filter((old) => old !== serving?.pid),
    uptimeSeconds,
  }
}

/** Reads `0d00h01m30s`; 0 for what is no such time. */
function secondsOf(uptime: string): number {
  const match = /^(\d+)d(\d+)h(\d+)m(\d+)s$/.exec(uptime) ?? []
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = match.slice(1).map(Number)
  return ((days * 24 + hours) * 60 + minutes) * 60 + seconds
}

/** The one that has seen the fewest reloads first: the last that took connections. */
function byReloads(reply: string): ReturnType<typeof parseOldWorkers> {
  return parseOldWorkers(reply).toSorted((a, b) => a.reloads - b.reloads)
}

/** The workers that only finish what they have, and how many reloads each has seen. */
export function parseOldWorkers(
  reply: string,
): readonly { readonly pid: number; readonly reloads: number }[] {
  const [, old = ''] = reply.split(/^# old workers$/m)
  const [lines = ''] = old.split(/^#/m)
  return [...lines.matchAll(/^(\d+)\s+worker\s+(\d+)/gm)].map((match) => ({
    pid: Number(match[1]),
    reloads: Number(match[2]),
  }))
}

/** As `parseOldWorkers`, asked of the master. Throws HaproxyError `haproxy_unreachable`. */
export async function showOldWorkers(path: string): Promise<ReturnType<typeof parseOldWorkers>> {
  return parseOldWorkers(await askUntilEnd(path, 'show proc;quit', 2000))
}

/**
 * Asks the master until it answers: at start and during a reload it refuses connections for a
 * moment. Throws HaproxyError `haproxy_unreachable` when `patienceMs` is over, or at once when
 * `isAlive` says that there is nobody to wait for.
 */
export async function showProcesses(
  path: string,
  options: { patienceMs: number; isAlive?: () => boolean },
): Promise<MasterReport> {
  const endAt = performance.now() + options.patienceMs
  for (;;) {
    try {
      const report = parseProcesses(await askUntilEnd(path, 'show proc;quit', 2000))
      if (report !== undefined) return report
    } catch (error) {
      if (performance.now() >= endAt) throw error
    }
    if (performance.now() >= endAt || options.isAlive?.() === false) {
      throw new HaproxyError('haproxy_unreachable', `the HAProxy master does not answer on ${path}`)
    }
    await pause(10)
  }
}

/**
 * Sends `reload`. From 3.0 the answer says how it went; 2.6 answers nothing and may cut the
 * connection, since the master starts itself anew: then undefined, and `show proc` must be polled.
 */
export async function sendReload(
  path: string,
  timeoutMs: number,
): Promise<{ readonly isDone: boolean; readonly log: string } | undefined> {
  let answer: string
  try {
    answer = await askUntilEnd(path, 'reload', timeoutMs)
  } catch (error) {
    if (isCutOff(error)) return undefined
    throw error
  }
  const match = /^Success=([01])\n(?:--\n)?([\s\S]*)$/.exec(answer)
  return match === null ? undefined : { isDone: match[1] === '1', log: (match[2] ?? '').trim() }
}

function isCutOff(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  return code === 'ECONNRESET' || code === 'EPIPE'
}

export function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, delayMs)
  })
}
