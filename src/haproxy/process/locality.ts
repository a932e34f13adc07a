import { readFileSync, readlinkSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { isOfRootOrUs, startTicksOf } from '../../support/process-identity.ts'
import type { WorkerInfo } from '../runtime/info.ts'

/** The processes of a HAProxy that somebody else started, as far as this machine shows them. */
export type LocalProcess = {
  /** The worker's parent; 0 where it has none that is HAProxy too. */
  readonly masterPid: number
  readonly workerPid: number
  /**
   * What the next reload executes: the path or name it was started by. Undefined where its files
   * are not ours (a container), and where neither root nor we run it: whoever answers on a socket
   * must not choose what we execute.
   */
  readonly program: string | undefined
  /** The file it was started from has been replaced or removed: another version may be installed. */
  readonly isReplaced: boolean
  /** Whether its addresses are addresses here. */
  readonly sharesNetwork: boolean
}

/** Clock ticks per second in /proc/PID/stat: 100 on every Linux that Node runs on (sysconf(3)). */
const ticksPerSecond = 100
/** Its own clock and the kernel's are read at different moments, in whole seconds. */
const agesDifferSeconds = 5

/**
 * The worker among the processes here; undefined where it runs in another pid namespace, in which
 * its pid means another process or none. Told by its name and its age.
 */
export function findLocalProcess(worker: WorkerInfo): LocalProcess | undefined {
  const { pid } = worker
  const age = ageSeconds(pid)
  if (age === undefined || Math.abs(age - worker.uptimeSeconds) > agesDifferSeconds)
    return undefined
  const name = nameOf(pid)
  if (name === undefined || !/haproxy/.test(name)) return undefined
  const parent = parentOf(pid)
  const executable = tryRead(() => readlinkSync(`/proc/${pid}/exe`)) ?? ''
  const masterPid = parent !== undefined && nameOf(parent) === name ? parent : 0
  // A worker has given its rights up, and may have been taken over.
  const started = masterPid || pid
  const isOurs = isSameSpace(pid, 'mnt') && isOfRootOrUs(started)
  return {
    masterPid,
    workerPid: pid,
    program: isOurs ? programOf(started) : undefined,
    isReplaced: executable.endsWith(' (deleted)'),
    sharesNetwork: isSameSpace(pid, 'net'),
  }
}

function ageSeconds(pid: number): number | undefined {
  const ticks = startTicksOf(pid)
  const uptime = tryRead(() => readFileSync('/proc/uptime', 'latin1'))
  if (ticks === undefined || uptime === undefined) return undefined
  return Number.parseFloat(uptime) - ticks / ticksPerSecond
}

/** The file's name, or, where that may not be read, the process's own name for itself. */
function nameOf(pid: number): string | undefined {
  const executable = tryRead(() => readlinkSync(`/proc/${pid}/exe`))
  const file = executable
    ?.replace(/ \(deleted\)$/, '')
    .split('/')
    .at(-1)
  if (file !== undefined && /haproxy/.test(file)) return file
  return tryRead(() => readFileSync(`/proc/${pid}/comm`, 'utf8').trim())
}

function parentOf(pid: number): number | undefined {
  const text = tryRead(() => readFileSync(`/proc/${pid}/stat`, 'latin1')) ?? ''
  const parent = Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1])
  return parent > 0 ? parent : undefined
}

/** The first word of its command line: by it the master starts itself anew (execvp(3)). */
function programOf(pid: number): string | undefined {
  const [word = ''] = (tryRead(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8')) ?? '').split(
    '\0',
  )
  if (word === '' || isAbsolute(word) || !word.includes('/')) return word || undefined
  const folder = tryRead(() => readlinkSync(`/proc/${pid}/cwd`))
  return folder === undefined ? undefined : join(folder, word)
}

/** Where it may not be looked at (another user's process) it is taken as ours: most are. */
function isSameSpace(pid: number, kind: 'mnt' | 'net'): boolean {
  const own = tryRead(() => readlinkSync(`/proc/self/ns/${kind}`))
  const its = tryRead(() => readlinkSync(`/proc/${pid}/ns/${kind}`))
  return its === undefined || its === own
}

function tryRead<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
