import { readdirSync, readFileSync } from 'node:fs'
import { waitUntil } from './wait-until.ts'

/**
 * Stops a process until it gets SIGCONT; its sockets stay open meanwhile. Resolves once each of its
 * threads stands still: where processors are short, some run on for a while after the signal was sent.
 */
export async function suspend(pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP')
  await waitUntil(`process ${pid} has stopped`, () => isStopped(pid))
}

/** Whether each of its threads is (proc(5), the third field of /proc/PID/task/TID/stat). */
function isStopped(pid: number): boolean {
  return readdirSync(`/proc/${pid}/task`).every((thread) => {
    const text = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'latin1')
    return text.slice(text.lastIndexOf(')') + 2).startsWith('T')
  })
}
