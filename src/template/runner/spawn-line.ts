import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process'
import type { CommandLine } from '../config/contract.ts'
import type { Environment } from './child-environment.ts'

export type Spawned = {
  readonly child: ChildProcess
  /** How it ended; rejects where it could not be started. */
  readonly ended: Promise<Ending>
  /** To the child, of a shell's line to all of its processes. One that has ended is left alone. */
  signal(name: NodeJS.Signals): void
}

export type Ending = { readonly code: number | null; readonly signal: NodeJS.Signals | null }

/** A command as people read it. */
export function shownLine(line: CommandLine): string {
  return line.kind === 'shell' ? line.line : line.arguments.join(' ')
}

/**
 * Starts a command; a shell's line leads a process group of its own, so that signals reach what the
 * shell started.
 */
export function spawnLine(
  line: CommandLine,
  options: {
    readonly environment: Environment
    readonly cwd: string
    readonly stdio: StdioOptions
  },
): Spawned {
  const isGroup = line.kind === 'shell'
  const [program = '', ...rest] = isGroup ? ['sh', '-c', line.line] : line.arguments
  const child = spawn(program, rest, {
    env: options.environment,
    cwd: options.cwd,
    stdio: options.stdio,
    detached: isGroup,
  })
  const ended = new Promise<Ending>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve({ code, signal }))
  })
  const signal = (name: NodeJS.Signals): void => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
    if (isGroup) signalGroup(child.pid, name)
    else child.kill(name)
  }
  return { child, ended, signal }
}

function signalGroup(leader: number, name: NodeJS.Signals): void {
  try {
    process.kill(-leader, name)
  } catch (error) {
    // It ended in this moment.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
