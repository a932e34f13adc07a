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

/**
 * Whether a process is root's or our own user's, in all of its user ids (proc(5), `Uid` of
 * /proc/PID/status): only then may its command line decide what we run or write. What another user
 * runs may say anything of itself. False where it cannot be read.
 */
export function isOfRootOrUs(pid: number): boolean {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1')
    const ids = /^Uid:\s+(.*)$/m.exec(status)?.[1]?.split(/\s+/).map(Number) ?? []
    const trusted = [0, process.getuid?.()]
    return ids.length === 4 && ids.every((id) => trusted.includes(id))
  } catch {
    return false
  }
}
