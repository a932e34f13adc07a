import { spawn, type ChildProcess } from 'node:child_process'

// The distribution's programs first: what a developer put in front of them may be of another version.
const systemFolders = ['/usr/sbin', '/usr/bin', '/sbin', '/bin']

/** PATH of every program of a lab. */
export const path = [...systemFolders, process.env['PATH'] ?? ''].join(':')

export type Result = { readonly code: number; readonly stdout: string; readonly stderr: string }

export type CommandOptions = {
  /** Its stdin; nothing without. */
  readonly input?: string
  /** Beside PATH and HOME. */
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** After that it is killed, and the call throws; 120 s without. */
  readonly timeoutMs?: number
}

/** A program ended with another exit code than 0. */
export class CommandFailed extends Error {
  readonly result: Result

  constructor(what: string, result: Result) {
    super(`${what}: exit code ${result.code}: ${(result.stderr || result.stdout).trim()}`)
    this.name = 'CommandFailed'
    this.result = result
  }
}

/** Runs a program of this machine to its end and gives its stdout; throws CommandFailed. */
export async function must(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const result = await attempt(program, args, options)
  if (result.code === 0) return result.stdout
  throw new CommandFailed([program, ...args].join(' '), result)
}

/** Runs a program of this machine to its end, whatever that is. */
export function attempt(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<Result> {
  const child = spawn(program, args, {
    env: environment(options.env),
    cwd: options.cwd,
    stdio: 'pipe',
  })
  return collect(child, [program, ...args].join(' '), options, () => child.kill('SIGKILL'))
}

/** What a child with pipes says until it ends; `kill` is called when its time is over. */
export async function collect(
  child: ChildProcess,
  what: string,
  { input = '', timeoutMs = 120_000 }: CommandOptions,
  kill: () => unknown,
): Promise<Result> {
  let stdout = ''
  let stderr = ''
  let isLate = false
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  // A program that ends without reading its stdin closes the pipe; its exit code tells what happened.
  child.stdin?.on('error', () => {})
  child.stdin?.end(input)
  const timer = setTimeout(() => {
    isLate = true
    kill()
    child.stdout?.destroy()
    child.stderr?.destroy()
  }, timeoutMs)
  try {
    const code = await new Promise<number>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code, signal) => resolve(code ?? (signal === null ? -1 : 128)))
    })
    if (isLate) throw new Error(`${what}: no end within ${timeoutMs} ms: ${stderr.trim()}`)
    return { code, stdout, stderr }
  } finally {
    clearTimeout(timer)
  }
}

/** The environment of every program of a lab: nothing of the caller's DOCKER_HOST and the like. */
export function environment(own: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  return { PATH: path, HOME: process.env['HOME'] ?? '/root', LC_ALL: 'C.UTF-8', ...own }
}
