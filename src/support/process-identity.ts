import { readFileSync } from 'node:fs'

/**
 * When a process started, in clock ticks since boot (proc(5), field 22 of /proc/PID/stat): together
 * with the pid it names one process for ever, though pids are used again. 0 where there is no /proc
 * and the process is alive; undefined when there is no such process.
 */
export function startTicksOf(pid: number): number | undefined {
  if (pid <= 0) return undefined
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The second field is the command in parentheses and may hold anything.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : Number(fields[19])
  } catch {
    return process.platform === 'linux' || !isAlive(pid) ? undefined : 0
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
