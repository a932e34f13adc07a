import { readFileSync, readdirSync } from 'node:fs'

/**
 * CPU time that the processes have used, in milliseconds; of their threads that still run.
 *
 * From /proc/PID/task/TID/schedstat, which counts nanoseconds: utime and stime of /proc/PID/stat
 * count ticks of 10 ms, too coarse for a single change (proc(5), kernel's sched-stats.rst).
 */
export function cpuMs(pids: readonly number[]): number {
  const ofTask = (path: string): number =>
    read(`${path}/schedstat`, (text) => Number(text.split(' ')[0]) / 1e6)
  return sum(pids.flatMap((pid) => tasks(pid).map((task) => ofTask(`/proc/${pid}/task/${task}`))))
}

/** Resident memory of the processes together, in MB of 2^20 bytes (VmRSS of /proc/PID/status). */
export function rssMb(pids: readonly number[]): number {
  const match = /^VmRSS:\s+(\d+) kB$/m
  return sum(
    pids.map((pid) =>
      read(`/proc/${pid}/status`, (text) => Number(match.exec(text)?.[1] ?? 0) / 1024),
    ),
  )
}

/** Of several processes together, in MB of 2^20 bytes. */
export type Memory = {
  /** Pages that are in memory; those that processes share are counted for each. */
  readonly rssMb: number
  /** Of these, pages that are of no file: nobody shares them, and without swap they stay. */
  readonly anonymousMb: number
}

/** From /proc/PID/smaps_rollup (kernel's filesystems/proc.rst). */
export function memoryMb(pids: readonly number[]): Memory {
  const field = (name: string): number => {
    const match = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm')
    const ofText = (text: string): number => Number(match.exec(text)?.[1] ?? 0) / 1024
    return sum(pids.map((pid) => read(`/proc/${pid}/smaps_rollup`, ofText)))
  }
  return { rssMb: field('Rss'), anonymousMb: field('Anonymous') }
}

/** The processes and all their descendants. */
export function withDescendants(pids: readonly number[]): readonly number[] {
  const children = pids.flatMap((pid) =>
    tasks(pid).flatMap((task) =>
      readText(`/proc/${pid}/task/${task}/children`).split(' ').filter(Boolean).map(Number),
    ),
  )
  return children.length === 0 ? pids : [...pids, ...withDescendants(children)]
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    // ESRCH: it has gone. EPERM cannot be, since the benches' processes are their own.
    return false
  }
}

const sum = (values: readonly number[]): number => values.reduce((total, each) => total + each, 0)

const read = (path: string, parse: (text: string) => number): number => parse(readText(path)) || 0

// A process or thread that has ended meanwhile counts as nothing.
function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (isGone(error)) return ''
    throw error
  }
}

function tasks(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/task`)
  } catch (error) {
    if (isGone(error)) return []
    throw error
  }
}

const isGone = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')
