import { constants } from 'node:os'
import { messageOf } from '../../model/errors.ts'
import type { Clock } from '../../support/clock.ts'
import type { ExecSetting } from '../config/contract.ts'
import type { Environment } from './child-environment.ts'
import { RunnerError } from './errors.ts'
import type { Log } from './log.ts'
import { shownLine, spawnLine, type Ending, type Spawned } from './spawn-line.ts'

export type ExecOptions = {
  readonly environment: Environment
  readonly cwd: string
  readonly clock: Clock
  /** From 0 to 1. */
  readonly random: () => number
  readonly log: Log
  /** It has ended, or could not be started, without being told to; with its exit code. */
  readonly onEnd: (end: number | RunnerError) => void
}

/**
 * The program that runs beneath consul-template (`exec`). States: not started; running; being
 * ended, where its end is wanted and nobody is told of it.
 */
export class ExecChild {
  readonly #setting: ExecSetting
  readonly #options: ExecOptions
  #current: Spawned | undefined
  /** A reload that waits for its splay is given up by the end. */
  readonly #stop = new AbortController()
  #stopped: Promise<void> | undefined

  constructor(setting: ExecSetting, options: ExecOptions) {
    this.#setting = setting
    this.#options = options
  }

  get isStarted(): boolean {
    return this.#current !== undefined
  }

  start(): void {
    const { environment, cwd, log } = this.#options
    const { command } = this.#setting
    log.info('child', `spawning: ${shownLine(command)}`)
    let spawned: Spawned
    try {
      spawned = spawnLine(command, { environment, cwd, stdio: 'inherit' })
    } catch (error) {
      this.#options.onEnd(this.#notStarted(error))
      return
    }
    this.#current = spawned
    spawned.ended.then(
      (ending) => this.#ended(spawned, codeOf(ending)),
      (error: unknown) => this.#ended(spawned, this.#notStarted(error)),
    )
  }

  /** Passed on; nothing where it does not run. */
  signal(name: NodeJS.Signals): void {
    this.#current?.signal(name)
  }

  /**
   * Tells it that files have changed: by its signal, or by ending it and starting it anew. Resolves
   * once that is done.
   */
  async reload(): Promise<void> {
    const { reloadSignal } = this.#setting
    await this.#splay()
    if (this.#stop.signal.aborted) return
    if (reloadSignal !== undefined) {
      this.#options.log.info('child', `reloading by ${reloadSignal}`)
      this.signal(reloadSignal)
      return
    }
    await this.#end()
    if (!this.#stop.signal.aborted) this.start()
  }

  /** Ends it, without a splay; resolves when it has ended. */
  stop(): Promise<void> {
    this.#stop.abort()
    this.#stopped ??= this.#end()
    return this.#stopped
  }

  async #splay(): Promise<void> {
    const { splayMs } = this.#setting
    if (splayMs === 0) return
    const { clock, random, log } = this.#options
    const delayMs = Math.floor(random() * splayMs)
    log.debug('child', `waiting ${delayMs} ms for random splay`)
    await clock.sleep(delayMs, this.#stop.signal)
  }

  async #end(): Promise<void> {
    const { killSignal, killTimeoutMs } = this.#setting
    const spawned = this.#current
    this.#current = undefined
    if (spawned === undefined) return
    const ended = new AbortController()
    const end = spawned.ended.then(
      () => ended.abort(),
      () => ended.abort(),
    )
    this.#options.log.info('child', `ending it by ${killSignal}`)
    spawned.signal(killSignal)
    await this.#options.clock.sleep(killTimeoutMs, ended.signal)
    if (!ended.signal.aborted) {
      this.#options.log.warn('child', `still there after ${killTimeoutMs} ms: killed`)
      spawned.signal('SIGKILL')
    }
    await end
  }

  #ended(spawned: Spawned, end: number | RunnerError): void {
    if (this.#current !== spawned) return
    this.#current = undefined
    this.#options.onEnd(end)
  }

  #notStarted(error: unknown): RunnerError {
    const line = shownLine(this.#setting.command)
    return new RunnerError(`cannot start "${line}": ${messageOf(error)}`, { cause: error })
  }
}

/** As shells have it: 128 + the signal's number of a child that a signal ended. */
function codeOf({ code, signal }: Ending): number {
  return code ?? 128 + (signal === null ? 0 : constants.signals[signal])
}
