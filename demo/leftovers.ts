import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { call } from './http.ts'
import { adminTarget } from './fairlead.ts'

const gracefulMs = 8000
const forcedMs = 3000

/**
 * Ends fairlead and HAProxy of the demo in `folder`: by fairlead's own API where it answers, and
 * whatever is left then by signal. Processes are known by the folder in their arguments, so that
 * this also works long after a `kill -9` and never meets a process that got an old pid.
 */
export async function endProcesses(folder: string): Promise<void> {
  const hasBegun = await askToEnd(folder)
  if (hasBegun && (await areGone(folder, gracefulMs))) return
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    for (const pid of processesOf(folder)) kill(pid, signal)
    if (await areGone(folder, forcedMs)) return
  }
  throw new Error(`processes ${processesOf(folder).join(', ')} do not end`)
}

async function askToEnd(folder: string): Promise<boolean> {
  try {
    const answer = await call(adminTarget(folder), 'POST', '/api/down', {
      body: {},
      timeoutMs: 5000,
    })
    return answer.status < 300
  } catch (error) {
    // Nobody listens there any more.
    if (error instanceof Error && 'code' in error) return false
    throw error
  }
}

async function areGone(folder: string, timeoutMs: number): Promise<boolean> {
  const deadlineMs = Date.now() + timeoutMs
  while (processesOf(folder).length > 0) {
    if (Date.now() > deadlineMs) return false
    await sleep(25)
  }
  return true
}

/** Pids of fairlead and HAProxy processes that have a path in `folder` among their arguments. */
export function processesOf(folder: string): readonly number[] {
  const all = process.platform === 'linux' ? fromProc() : fromPs()
  return all.flatMap(({ pid, args }) => {
    const program = basename(args[0] ?? '')
    const isOfKind = program === 'haproxy' || program === basename(process.execPath)
    const isOfFolder = args.some((arg) => arg === folder || arg.startsWith(`${folder}/`))
    return isOfKind && isOfFolder && pid !== process.pid ? [pid] : []
  })
}

type Process = { readonly pid: number; readonly args: readonly string[] }

function fromProc(): readonly Process[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids.flatMap((pid) => {
    try {
      const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
      return [{ pid: Number(pid), args }]
    } catch {
      // It ended while the list was read.
      return []
    }
  })
}

function fromPs(): readonly Process[] {
  const output = execFileSync('ps', ['-axo', 'pid=,command='], { encoding: 'utf8' })
  return output.split('\n').map((line) => {
    const [pid = '0', ...args] = line.trim().split(/\s+/)
    return { pid: Number(pid), args }
  })
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    // ESRCH: it has just ended by itself.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}
