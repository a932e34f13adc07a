import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { AttachedHaproxy } from '../../src/haproxy/process/attached.ts'
import type { AttachOptions } from '../../src/haproxy/process/attached.ts'
import { observe } from '../../src/haproxy/process/observe.ts'
import type { HaproxyLab } from './haproxy-lab.ts'

/**
 * A HAProxy as a supervisor runs it, with the command line of Debian's unit (`-Ws`, `-p`, `-S`): in
 * the foreground, reloaded by SIGUSR2, ended by SIGTERM.
 */
export class Supervisor {
  readonly #lab: HaproxyLab
  readonly #program: string
  #child: ChildProcess | undefined

  /** `program`: the path or name it is started by; else the lab's. */
  constructor(lab: HaproxyLab, program = lab.options.program.path) {
    this.#lab = lab
    this.#program = program
    lab.release(() => this.stop())
  }

  get pid(): number {
    return this.#child?.pid ?? 0
  }

  /** Resolves when a worker answers on the master's socket. */
  async start(configPath = this.#lab.options.configPath): Promise<void> {
    const { masterSocket, logPath } = this.#lab.options
    const pidFile = `${this.#lab.folder}/haproxy.pid`
    this.#spawn(['-Ws', '-f', configPath, '-p', pidFile, '-S', masterSocket], logPath)
    await observe(masterSocket, 30_000)
  }

  /** With a master that has no socket. */
  async startWithoutSocket(): Promise<void> {
    const { configPath, workerSocket, logPath } = this.#lab.options
    this.#spawn(['-Ws', '-f', configPath, '-p', `${this.#lab.folder}/haproxy.pid`], logPath)
    await observe(workerSocket, 30_000)
  }

  /** One process, without a master. */
  async startAlone(): Promise<void> {
    const { configPath, workerSocket, logPath } = this.#lab.options
    this.#spawn(['-db', '-f', configPath], logPath)
    await observe(workerSocket, 30_000)
  }

  #spawn(args: readonly string[], logPath: string): void {
    const log = openSync(logPath, 'a')
    const cwd = this.#lab.folder
    this.#child = spawn(this.#program, args, { cwd, stdio: ['ignore', log, log] })
    closeSync(log)
  }

  /** What `systemctl reload` does. */
  reload(): void {
    this.#child?.kill('SIGUSR2')
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill(signal)
    await ended
  }
}

/** An attached HAProxy whose start is its supervisor's. */
export class SupervisedHaproxy extends AttachedHaproxy {
  readonly supervisor: Supervisor

  constructor(options: AttachOptions, supervisor: Supervisor) {
    super(options)
    this.supervisor = supervisor
  }

  override async start(): Promise<void> {
    await this.supervisor.start()
    await this.refresh()
  }
}

/** Not started. */
export function attachedIn(lab: HaproxyLab, how: Partial<AttachOptions> = {}): SupervisedHaproxy {
  const options = {
    socket: lab.options.masterSocket,
    configPath: lab.options.configPath,
    recordPath: `${lab.folder}/record/attached.json`,
    ...how,
  }
  return new SupervisedHaproxy(options, new Supervisor(lab))
}

/** A command that reloads as `systemctl reload haproxy` does: by a signal to the pid of a file. */
export function signalCommand(lab: HaproxyLab): readonly string[] {
  return ['sh', '-c', `kill -USR2 "$(head -n1 ${lab.folder}/haproxy.pid)"`]
}
