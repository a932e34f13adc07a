import { execFile } from 'node:child_process'
import { messageOf } from '../../model/errors.ts'
import { LockError, takeLock } from '../../support/lock-file.ts'
import { ConfigRejectedError, HaproxyError } from '../runtime/errors.ts'
import { pause } from '../runtime/master.ts'
import { isSameWorker } from '../runtime/worker-dialects.ts'
import type { WorkerIdentity } from '../runtime/worker-dialects.ts'
import { observe } from './observe.ts'
import { reducedEnvironment } from './program.ts'
import { parseMessages } from './validate.ts'

/** How long another reload of the same HAProxy is waited for. */
const lockPatienceMs = 60_000

/** Runs a reload while nobody else does one: two at once have lost the listening sockets. */
export async function underLock<T>(path: string, task: () => Promise<T>): Promise<T> {
  const endAt = performance.now() + lockPatienceMs
  for (;;) {
    const release = await takeLock(path).catch((error: unknown) => {
      if (error instanceof LockError && performance.now() < endAt) return undefined
      throw error
    })
    if (release === undefined) {
      await pause(50)
      continue
    }
    try {
      return await task()
    } finally {
      await release()
    }
  }
}

/**
 * A reload by somebody's own command, such as `systemctl reload haproxy`; done when another worker
 * answers on the socket. Throws HaproxyError `reload_failed`: the command says so, or no new worker
 * came up within `patienceMs`.
 */
export async function reloadByCommand(options: {
  readonly command: readonly string[]
  readonly socket: string
  readonly worker: WorkerIdentity
  readonly patienceMs: number
}): Promise<void> {
  const { command, socket, worker, patienceMs } = options
  await runReload(command, patienceMs)
  const endAt = performance.now() + patienceMs
  for (;;) {
    const found = (await observe(socket, Math.max(0, endAt - performance.now()))).worker
    if (!isSameWorker(found, worker) && !found.isStopping) return
    if (performance.now() >= endAt) {
      throw new HaproxyError(
        'reload_failed',
        `no new worker came up within ${Math.round(patienceMs / 1000)} s of: ${command.join(' ')}`,
        { hint: "the old configuration goes on; HAProxy's own log says why" },
      )
    }
    await pause(10)
  }
}

function runReload(command: readonly string[], timeoutMs: number): Promise<void> {
  const [program = '', ...args] = command
  const title = command.join(' ')
  return new Promise((resolve, reject) => {
    const options = { env: reducedEnvironment(), timeout: timeoutMs, maxBuffer: 1024 * 1024 }
    execFile(program, args, options, (error, stdout, stderr) => {
      if (error === null) return resolve()
      const words = `${stdout}${stderr}`.trim() || messageOf(error)
      const failure = new HaproxyError('reload_failed', `${title} failed: ${words}`, {
        hint: 'the old configuration goes on',
        cause: error,
      })
      reject(rejectionIn(words, failure) ?? failure)
    })
  })
}

/**
 * A failed reload as a mistake in the text, where HAProxy names its place: what `haproxy -c` would
 * have said, had it been possible here. Undefined for anything else, such as a busy address.
 */
export function rejectionIn(words: string, cause: unknown): ConfigRejectedError | undefined {
  const messages = parseMessages(words)
  const alert = messages.find(({ level, line }) => level === 'alert' && line !== undefined)
  if (alert === undefined || /cannot bind|Starting (?:frontend|proxy)|Binding/i.test(alert.text))
    return undefined
  const text = `HAProxy rejects the configuration in line ${alert.line}: ${alert.text}`
  return new ConfigRejectedError(text, messages, cause)
}
