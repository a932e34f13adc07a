import { messageOf } from '../../model/errors.ts'
import type { CommandLine } from '../config/contract.ts'
import type { Environment } from './child-environment.ts'
import { shownLine, spawnLine, type Spawned } from './spawn-line.ts'

export type CommandOptions = {
  readonly environment: Environment
  readonly cwd: string
  /** 0: it is not waited for, and may outlive this process. */
  readonly timeoutMs: number
  /** The end of the program: the command is told to end, and not waited for any more. */
  readonly signal: AbortSignal
}

/**
 * Runs a command with this process's input and output, and waits for its end; after `timeoutMs` it
 * is killed. Resolves to why it failed, or to undefined. Never rejects.
 */
export async function runCommand(
  line: CommandLine,
  options: CommandOptions,
): Promise<string | undefined> {
  if (options.signal.aborted) return undefined
  const spawned = spawnSafely(line, options)
  if (typeof spawned === 'string') return spawned
  if (options.timeoutMs === 0) return untilStarted(line, spawned)
  let hasTimedOut = false
  const timer = setTimeout(() => {
    hasTimedOut = true
    spawned.signal('SIGKILL')
  }, options.timeoutMs)
  const given = givenUp(spawned, options.signal)
  try {
    const ending = await Promise.race([spawned.ended, given.promise])
    if (ending === undefined || ending.code === 0) return undefined
    const shown = shownLine(line)
    if (hasTimedOut) return `command "${shown}" did not end within ${options.timeoutMs} ms: killed`
    if (ending.code === null) return `command "${shown}" was ended by ${ending.signal}`
    return `command "${shown}" exited with code ${ending.code}`
  } catch (error) {
    return notStarted(line, error)
  } finally {
    clearTimeout(timer)
    given.release()
  }
}

function notStarted(line: CommandLine, error: unknown): string {
  return `command "${shownLine(line)}" cannot be started: ${messageOf(error)}`
}

/** Some mistakes, as a NUL in an argument, are thrown at once. */
function spawnSafely(line: CommandLine, { environment, cwd }: CommandOptions): Spawned | string {
  try {
    return spawnLine(line, { environment, cwd, stdio: 'inherit' })
  } catch (error) {
    return notStarted(line, error)
  }
}

async function untilStarted(line: CommandLine, spawned: Spawned): Promise<string | undefined> {
  spawned.ended.catch(() => undefined)
  if (spawned.child.pid === undefined) {
    return spawned.ended.then(
      () => undefined,
      (error: unknown) => notStarted(line, error),
    )
  }
  spawned.child.unref()
  return undefined
}

function givenUp(
  spawned: Spawned,
  signal: AbortSignal,
): { readonly promise: Promise<undefined>; release(): void } {
  let onAbort = (): void => undefined
  const promise = new Promise<undefined>((resolve) => {
    onAbort = () => {
      spawned.signal('SIGTERM')
      spawned.child.unref()
      spawned.ended.catch(() => undefined)
      resolve(undefined)
    }
    signal.addEventListener('abort', onAbort, { once: true })
  })
  return { promise, release: () => signal.removeEventListener('abort', onAbort) }
}
