import { spawn } from 'node:child_process'
import { open, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { messageOf } from '../../model/errors.ts'
import { ConfigRejectedError, HaproxyError } from '../runtime/errors.ts'
import { pause, showProcesses } from '../runtime/master.ts'
import type { MasterReport } from '../runtime/master.ts'
import { reducedEnvironment } from './program.ts'
import { startTicksOf } from '../../support/process-identity.ts'
import { parseMessages } from './validate.ts'

/**
 * The longest path of a socket that HAProxy makes. A unix socket has room for 107 bytes (unix(7)),
 * and HAProxy first binds `<path>.<pid>.tmp` and then renames it.
 */
export const socketPathBytes = 107 - '.4194304.tmp'.length

/** Throws HaproxyError `setting_invalid` for a socket path that HAProxy could not bind. */
export function checkSocketPath(path: string): void {
  if (Buffer.byteLength(path) <= socketPathBytes) return
  throw new HaproxyError(
    'setting_invalid',
    `the path of HAProxy's socket is longer than ${socketPathBytes} bytes: ${path}`,
    { hint: 'choose a state folder with a shorter path' },
  )
}

/**
 * Starts the master in a session and process group of its own, so that neither a signal to
 * fairlead's group nor its end reaches it; its output goes to the log file, never into a pipe that
 * could break. Resolves when master and worker are up.
 *
 * Throws what HAProxy said: ConfigRejectedError, or HaproxyError `address_in_use`, `haproxy_unreachable`.
 */
export async function launch(options: {
  readonly program: string
  readonly configPath: string
  readonly masterSocket: string
  readonly logPath: string
}): Promise<MasterReport> {
  const { program, configPath, masterSocket, logPath } = options
  const log = await open(logPath, 'a', 0o600)
  const logStart = (await log.stat()).size
  let pid: number
  try {
    // `-db`: a text that says `daemon` must not make the master another process than this one.
    const args = ['-W', '-db', '-S', `${masterSocket},mode,600`, '-f', configPath]
    pid = await spawnDetached(program, args, { folder: dirname(configPath), output: log.fd })
  } finally {
    await log.close()
  }
  const isAlive = (): boolean => startTicksOf(pid) !== undefined
  try {
    for (;;) {
      const report = await showProcesses(masterSocket, { patienceMs: 30_000, isAlive })
      if (report.masterPid === pid && report.workers.length > 0) return report
      if (!isAlive()) throw new HaproxyError('haproxy_unreachable', 'HAProxy ended at start')
      await pause(10)
    }
  } catch (error) {
    if (isAlive()) process.kill(pid, 'SIGKILL')
    throw await startFailed(logPath, logStart, error)
  }
}

function spawnDetached(
  program: string,
  args: readonly string[],
  options: { readonly folder: string; readonly output: number },
): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.folder,
      detached: true,
      env: reducedEnvironment(),
      stdio: ['ignore', options.output, options.output],
    })
    child.once('error', (error) =>
      reject(
        new HaproxyError('haproxy_missing', `cannot start ${program}: ${messageOf(error)}`, {
          cause: error,
        }),
      ),
    )
    child.once('spawn', () => {
      child.unref()
      if (child.pid !== undefined) resolve(child.pid)
    })
  })
}

/** What HAProxy has said in its log since, as an error: why it did not start. */
export async function startFailed(
  logPath: string,
  logStart: number,
  cause: unknown,
): Promise<HaproxyError> {
  const text = await logSince(logPath, logStart)
  const messages = parseMessages(text)
  const alert = messages.find((message) => message.level === 'alert')
  if (alert === undefined) {
    return new HaproxyError(
      'haproxy_unreachable',
      `HAProxy did not start: ${text.trim() || messageOf(cause)}`,
      { cause },
    )
  }
  if (/Address already in use/i.test(alert.text)) {
    return new HaproxyError('address_in_use', `HAProxy did not start: ${alert.text}`, {
      hint: 'stop the other program, or choose another address',
      cause,
    })
  }
  return new ConfigRejectedError(`HAProxy did not start: ${alert.text}`, messages, cause)
}

/** Bytes in HAProxy's log so far; 0 when there is none. */
export async function logSize(path: string): Promise<number> {
  const found = await stat(path).catch(() => undefined)
  return found?.size ?? 0
}

/** What HAProxy has logged since; at most the last 8 kB. */
export async function logSince(path: string, from: number): Promise<string> {
  const size = await logSize(path)
  const start = Math.max(from, size - 8192)
  if (size <= start) return ''
  const file = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await file.read(
      Buffer.alloc(size - start),
      0,
      size - start,
      start,
    )
    return buffer.toString('utf8', 0, bytesRead)
  } finally {
    await file.close()
  }
}
