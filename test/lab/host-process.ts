import { spawn, type ChildProcess, type SpawnOptions, type StdioOptions } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { startTicksOf } from '../../src/support/process-identity.ts'
import { entrances } from './cgroups.ts'
import { collect, environment, type CommandOptions, type Result } from './command.ts'
import type { Place } from './place.ts'

/** Where a program runs: a host of a lab and, of it, its PID 1 as the root namespace sees it. */
export type Machine = {
  readonly place: Place
  readonly number: number
  readonly initPid: number
}

export type LaunchOptions = CommandOptions & {
  /** Pid, as the host sees it, of a process in whose network namespace the program runs. */
  readonly networkOf?: number
  /** Three pipes without. */
  readonly stdio?: StdioOptions
  /** Outlives this process. */
  readonly isDetached?: boolean
}

// Enters the control groups, then becomes the program that the arguments name.
const enter = 'for file in $1; do echo $$ >$file || exit 125; done; shift; exec "$@"'

/** Starts a command of the root namespace that belongs to a host: it freezes and ends with it. */
export function spawnInGroups(
  place: Place,
  number: number,
  command: readonly string[],
  options: SpawnOptions,
): ChildProcess {
  const files = entrances(place, number).join(' ')
  return spawn('/bin/sh', ['-c', enter, 'sh', files, ...command], options)
}

/** A program that runs on a host. It ends with the host, or by `kill`. */
export class HostProcess {
  /** nsenter(1), with the program's pipes; signals to it do not reach the program, `kill` does. */
  readonly child: ChildProcess
  /** The program's exit code; 128 and the signal's number where a signal ended it. */
  readonly exited: Promise<number>
  readonly #what: string
  readonly #options: LaunchOptions

  constructor(
    machine: Machine,
    program: string,
    args: readonly string[],
    options: LaunchOptions = {},
  ) {
    this.#what = [program, ...args].join(' ')
    this.#options = options
    const pid = String(machine.initPid)
    const host = ['nsenter', '-t', pid, '-m', '-u', '-n', '-p', ...folderOf(options.cwd), '--']
    const network = options.networkOf
    const inside = network === undefined ? [] : ['nsenter', '-t', String(network), '-n', '--']
    const command = [...host, ...inside, program, ...args]
    this.child = spawnInGroups(machine.place, machine.number, command, {
      env: environment(options.env),
      stdio: options.stdio ?? 'pipe',
      detached: options.isDetached === true,
    })
    this.exited = new Promise((resolve, reject) => {
      this.child.once('error', reject)
      this.child.once('exit', (code) => resolve(code ?? 137))
    })
    // Whoever waits for it learns of it; the others see that the program does nothing.
    this.exited.catch(() => {})
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null
  }

  /** The program's pid as the root namespace sees it; undefined before its start and after its end. */
  get pid(): number | undefined {
    const parent = this.child.pid
    if (!this.isRunning || parent === undefined) return undefined
    return childrenOf(parent)[0]
  }

  /** Waits until it runs as a process of the host, or has ended. */
  async started(): Promise<void> {
    while (this.isRunning && this.pid === undefined) await sleep(2)
  }

  /** Sends the program a signal; nothing when it has ended. */
  async kill(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.started()
    const { pid } = this
    if (pid !== undefined && startTicksOf(pid) !== undefined) process.kill(pid, signal)
  }

  /** `kill`, and waits for the end; its exit code. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number> {
    await this.kill(signal)
    return this.exited
  }

  /** Gives it its stdin and collects what it says until it ends; nobody else may read its pipes. */
  result(): Promise<Result> {
    return collect(this.child, this.#what, this.#options, () => this.kill('SIGKILL'))
  }
}

const folderOf = (cwd: string | undefined): readonly string[] =>
  cwd === undefined ? [] : [`--wd=${cwd}`]

export function childrenOf(pid: number): readonly number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
    return text === '' ? [] : text.split(' ').map(Number)
  } catch (error) {
    // It has ended meanwhile.
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return []
    throw error
  }
}
