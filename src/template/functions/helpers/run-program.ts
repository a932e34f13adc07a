import { spawnSync } from 'node:child_process'
import { textOfBytes } from '../../go/byte-text.ts'

export type ProgramRun = {
  readonly path: string
  /** What the program is told that its name is. */
  readonly name: string
  readonly given: readonly string[]
  readonly workingFolder: string
  readonly mostTimeMs: number
  /** Of its output, and of its error output. */
  readonly mostBytes: number
}

/** How a program ended. Bytes of its output that are not UTF-8 are kept. */
export type ProgramEnd = {
  /** Why it did not; undefined: it ended by itself with status 0. */
  readonly failure: string | undefined
  /** It was killed for what it took or wrote, and its output is not whole. */
  readonly isCutOff: boolean
  readonly stdout: string
  readonly stderr: string
}

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

const signalNames: Readonly<Record<string, string>> = {
  SIGHUP: 'hangup',
  SIGINT: 'interrupt',
  SIGABRT: 'aborted',
  SIGKILL: 'killed',
  SIGPIPE: 'broken pipe',
  SIGSEGV: 'segmentation fault',
  SIGTERM: 'terminated',
}

const cutOffCodes: ReadonlySet<string> = new Set(['ETIMEDOUT', 'ENOBUFS'])

const codeOf = (error: NodeJS.ErrnoException): string => error.code ?? ''

function errorText(error: NodeJS.ErrnoException, shownPath: string, run: ProgramRun): string {
  const code = codeOf(error)
  if (code === 'ETIMEDOUT') return `did not finish in ${run.mostTimeMs / 1000}s`
  if (code === 'ENOBUFS') return `output of more than ${run.mostBytes} bytes`
  return `fork/exec ${shownPath}: ${startFailures[code] ?? error.message}`
}

/**
 * Runs a program to its end, without a shell and without input; all else waits. It is killed when
 * it, or what it started and left its output to, takes too long or writes too much.
 */
export function runProgram(run: ProgramRun): ProgramEnd {
  const { path, name, given, workingFolder, mostTimeMs, mostBytes } = run
  const shownPath = name.includes('/') ? name : path
  try {
    const { error, status, signal, stdout, stderr } = spawnSync(path, given, {
      argv0: name,
      cwd: workingFolder,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: mostTimeMs,
      killSignal: 'SIGKILL',
      maxBuffer: mostBytes,
    })
    let failure: string | undefined
    if (error !== undefined) failure = errorText(error, shownPath, run)
    else if (signal !== null) failure = `signal: ${signalNames[signal] ?? signal}`
    else if (status !== 0) failure = `exit status ${status}`
    // A program that did not start has no output.
    const text = (bytes: Uint8Array | null) => textOfBytes(bytes ?? Buffer.of())
    const isCutOff = error !== undefined && cutOffCodes.has(codeOf(error))
    return { failure, isCutOff, stdout: text(stdout), stderr: text(stderr) }
  } catch (error) {
    const failure = errorText(error as NodeJS.ErrnoException, shownPath, run)
    return { failure, isCutOff: false, stdout: '', stderr: '' }
  }
}
