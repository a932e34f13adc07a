import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { HostProcess, type Machine } from './host-process.ts'

/**
 * A long-running program of a host with a log file. It outlives the process that started it, so that
 * a lab looks the same to the next start whatever its creator died of.
 */
export class HostDaemon {
  readonly logFile: string
  #process: HostProcess | undefined

  constructor(logFile: string) {
    this.logFile = logFile
  }

  get isRunning(): boolean {
    return this.#process?.isRunning === true
  }

  /** Its pid as the root namespace sees it. */
  get pid(): number | undefined {
    return this.#process?.pid
  }

  start(machine: Machine, program: string, args: readonly string[]): void {
    if (this.isRunning) throw new Error(`${program} of host ${machine.number} runs already`)
    mkdirSync(dirname(this.logFile), { recursive: true })
    const log = openSync(this.logFile, 'a')
    const stdio = ['ignore', log, log] as const
    const process = new HostProcess(machine, program, args, { stdio: [...stdio], isDetached: true })
    closeSync(log)
    process.child.unref()
    this.#process = process
  }

  /** kill -9, and waits until it is gone; what it started may live on. */
  kill(): Promise<number | undefined> {
    return this.stop('SIGKILL')
  }

  /** Ends it as an init would. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | undefined> {
    const process = this.#process
    if (process === undefined || !process.isRunning) return undefined
    // It was let go of at its start; now its end is waited for.
    process.child.ref()
    return process.stop(signal)
  }
}
