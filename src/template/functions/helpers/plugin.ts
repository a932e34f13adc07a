import { spawnSync } from 'node:child_process'
import type { Surroundings } from '../../contract.ts'
import { textOfBytes } from '../../go/byte-text.ts'
import { callFailure } from '../../go/failure.ts'
import { variadicFunction } from '../../go/functions.ts'
import { defaultLimits } from '../../go/limits.ts'
import { quote } from '../../go/quote.ts'
import { stringType } from '../../go/types.ts'
import type { FunctionMaker } from '../function-set.ts'
import { checkSandbox } from '../sandbox.ts'
import { programPath } from './program-path.ts'
import { trimmedSpace } from './white-space.ts'

/** As in consul-template. */
const mostTimeMs = 30_000

/** Why a program did not start, in the words of Go. */
const startFailures: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  ENOEXEC: 'exec format error',
  ENOTDIR: 'not a directory',
  EISDIR: 'permission denied',
  E2BIG: 'argument list too long',
  ERR_INVALID_ARG_VALUE: 'invalid argument',
}

type Ended = {
  readonly error: NodeJS.ErrnoException | undefined
  readonly status: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program to its end, without a shell and without input. */
function run(path: string, name: string, given: readonly string[], workingFolder: string): Ended {
  try {
    const ended = spawnSync(path, given, {
      argv0: name,
      cwd: workingFolder,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: mostTimeMs,
      killSignal: 'SIGKILL',
      maxBuffer: defaultLimits.textBytes,
    })
    const { error, status, signal } = ended
    // A program that did not start has no output.
    const text = (bytes: Uint8Array | null) => textOfBytes(bytes ?? Buffer.of())
    return { error, status, signal, stdout: text(ended.stdout), stderr: text(ended.stderr) }
  } catch (error) {
    return {
      error: error as NodeJS.ErrnoException,
      status: null,
      signal: null,
      stdout: '',
      stderr: '',
    }
  }
}

const signalNames: Readonly<Record<string, string>> = {
  SIGHUP: 'hangup',
  SIGINT: 'interrupt',
  SIGABRT: 'aborted',
  SIGKILL: 'killed',
  SIGPIPE: 'broken pipe',
  SIGSEGV: 'segmentation fault',
  SIGTERM: 'terminated',
}

/** What went wrong; undefined: nothing did. */
function failureOf({ error, status, signal }: Ended, shownPath: string): string | undefined {
  if (error !== undefined) {
    const code = error.code ?? ''
    return `fork/exec ${shownPath}: ${startFailures[code] ?? error.message}`
  }
  if (signal !== null) return `signal: ${signalNames[signal] ?? signal}`
  return status === 0 ? undefined : `exit status ${status}`
}

function plugin(surroundings: Surroundings, name: string, given: readonly string[]): string {
  const { environment, workingFolder, sandboxPath, hasEffects } = surroundings
  if (name === '') return ''
  const begin = `exec ${quote(name)}:`
  if (!hasEffects) throw callFailure(`${begin} programs are not run here`)
  const path = programPath(name, environment('PATH') ?? '', workingFolder)
  const fail = (reason: string, { stdout, stderr }: Pick<Ended, 'stdout' | 'stderr'>) =>
    callFailure(`${begin} ${reason}\n\nstdout:\n\n${stdout}\n\nstderr:\n\n${stderr}`)
  if (path === undefined) {
    const reason = `exec: ${quote(name)}: executable file not found in $PATH`
    throw fail(reason, { stdout: '', stderr: '' })
  }
  checkSandbox(path, sandboxPath, workingFolder)
  // Line ends around them confuse some programs, and what is empty is not given at all.
  const trimmed = given.map(trimmedSpace).filter((each) => each !== '')
  const ended = run(path, name, trimmed, workingFolder)
  if (ended.error?.code === 'ETIMEDOUT') throw callFailure(`${begin} did not finish in 30s`)
  if (ended.error?.code === 'ENOBUFS') {
    throw callFailure(`${begin} output of more than ${defaultLimits.textBytes} bytes`)
  }
  const failure = failureOf(ended, name.includes('/') ? name : path)
  if (failure !== undefined) throw fail(failure, ended)
  return trimmedSpace(ended.stdout)
}

/** `plugin`: what a program writes. */
export const pluginFunctions: FunctionMaker = ({ surroundings }) => ({
  plugin: variadicFunction([stringType], stringType, (name, ...given) =>
    plugin(surroundings, name, given),
  ),
})
