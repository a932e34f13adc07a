import { FairleadError, messageOf } from '../../model/errors.ts'
import { goDurationText } from '../../support/go-duration.ts'
import type { RunnerConfig } from '../config/contract.ts'
import type { DependencyFailure, WatchEvent } from '../contract.ts'
import type { Dependency } from '../dependency.ts'
import { exitCodes, RunnerError } from './errors.ts'
import { ExecChild } from './exec-child.ts'
import { shownTemplate } from './load-templates.ts'
import { Rounds } from './rounds.ts'
import { createCommandRunner, type CommandRunner } from './run-commands.ts'
import { Schedule } from './schedule.ts'
import { knowledgeFor } from './sharing.ts'
import type { RunnerParts } from './runner-parts.ts'
import { Renderer } from './renderer.ts'

/** How a run ended by itself. `error` is not yet in the log. */
export type RunEnd = { readonly exitCode: number; readonly error: Error | undefined }

/**
 * One run of consul-template, from the start or a reload to the end or the next reload: evaluates
 * templates while answers arrive, writes files, runs commands and the program beneath. What is
 * written stays as it is whatever happens later.
 */
export class Runner {
  readonly #parts: RunnerParts
  readonly #rounds: Rounds
  readonly #schedule: Schedule
  readonly #commands: CommandRunner
  readonly #child: ExecChild | undefined
  /** No further round. */
  readonly #stop = new AbortController()
  /** Not even the commands of what was written are waited for. */
  readonly #giveUp = new AbortController()
  readonly #renderer: Renderer
  #end: RunEnd | undefined
  #hasSettled = false
  /** What came during a round; it counts after it, when waits may hold. Undefined: there is none. */
  #meanwhile: (() => void)[] | undefined

  constructor(parts: RunnerParts) {
    const { config, templates, source, sharing, clock } = parts
    this.#parts = parts
    this.#rounds = new Rounds(
      templates.map(({ program }) => program),
      knowledgeFor(source, sharing),
    )
    const waits = templates.map(({ setting }) =>
      config.isOnce ? undefined : (setting.wait ?? config.wait),
    )
    this.#schedule = new Schedule(waits, clock)
    this.#commands = createCommandRunner(config, {
      ...parts,
      stopped: this.#stop.signal,
      givenUp: this.#giveUp.signal,
    })
    this.#renderer = new Renderer(parts, this.#rounds, this.#commands, this.#stop.signal)
    this.#child = config.exec && this.#childOf(config.exec)
  }

  /** Runs until it ends or is stopped; everything is released then. Undefined: it was stopped. */
  async run(): Promise<RunEnd | undefined> {
    const { source, sharing } = this.#parts
    source.onEvent((event) => this.#told(event))
    sharing?.start((index) => this.#afterRound(() => this.#schedule.changed([index])))
    void this.#limitOnce()
    // At once: what waits in between, such as a splay, is given up.
    this.#stop.signal.addEventListener('abort', () => void this.#child?.stop(), { once: true })
    try {
      await this.#evaluateForEver()
    } catch (error) {
      this.#finish(exitCodeOf(error), error)
    } finally {
      await this.close()
    }
    return this.#end
  }

  /** Releases what it has; for one that is not run after all. */
  async close(): Promise<void> {
    const { source, sharing, onEnd } = this.#parts
    this.#stop.abort()
    this.#schedule.close()
    source.close()
    await sharing?.close()
    await this.#child?.stop()
    await onEnd()
  }

  /**
   * Ends it, and the program beneath; `run` resolves when that is done. Commands of files that were
   * written still run: nobody would run them later. `now`: those too are told to end.
   */
  stop(how: 'after commands' | 'now'): void {
    this.#stop.abort()
    if (how === 'now') this.#giveUp.abort()
  }

  /** Passed on to the program beneath; without one nothing happens. */
  signal(name: NodeJS.Signals): void {
    this.#child?.signal(name)
  }

  async #evaluateForEver(): Promise<void> {
    if (this.#parts.templates.length === 0) await this.#settle()
    for (;;) {
      const due = await this.#schedule.take(this.#stop.signal)
      if (due === undefined) return
      this.#meanwhile = []
      await this.#round(due)
      const meanwhile = this.#meanwhile
      this.#meanwhile = undefined
      for (const each of meanwhile) each()
    }
  }

  #afterRound(action: () => void): void {
    if (this.#meanwhile === undefined) action()
    else this.#meanwhile.push(action)
  }

  async #round(due: readonly number[]): Promise<void> {
    const { written, failure } = await this.#renderer.renderAll(due)
    const failures = await this.#commands.runAll(written)
    for (const each of failures) this.#parts.log.err('runner', each)
    if (this.#stop.signal.aborted) return
    if (failure !== undefined) throw failure
    if (failures.length > 0) throw new RunnerError(failures.join('; '))
    if (!this.#hasSettled) await this.#settle()
    else if (written.length > 0 && this.#child?.isStarted === true) await this.#child.reload()
  }

  /** Goes on as consul-template does once every template has been rendered. */
  async #settle(): Promise<void> {
    const { config, source } = this.#parts
    const failed = this.#rounds.failed()
    const { refused } = this.#renderer
    const isDone = (index: number): boolean => config.isOnce && failed.includes(index)
    if (!this.#rounds.unrendered().every(isDone)) return
    if (config.isOnce) {
      // Nothing that changes from now on is wanted.
      source.close()
      if (failed.length + refused.size > 0) throw this.#unwritten()
    }
    if ([...refused.values()].some(({ hasFile }) => !hasFile)) return
    this.#hasSettled = true
    this.#schedule.settle()
    if (this.#child !== undefined && !config.isDry) this.#child.start()
    else if (config.isOnce) this.#finish(exitCodes.done, undefined)
  }

  #unwritten(): RunnerError {
    const { templates } = this.#parts
    const indices = new Set([...this.#rounds.failed(), ...this.#renderer.refused.keys()])
    const names = templates.filter((_, index) => indices.has(index)).map(shownTemplate)
    return new RunnerError(`not written: ${names.join(', ')}`)
  }

  #told(event: WatchEvent): void {
    if (event.kind === 'failed') {
      this.#toldFailure(event.failure)
      return
    }
    this.#afterRound(() => this.#toldChange(event.dependencies))
  }

  #toldChange(dependencies: readonly Dependency[]): void {
    const users = this.#rounds.usersOf(dependencies)
    const isWanted = (index: number): boolean =>
      this.#rounds.isWorthwhile(index) &&
      (!this.#parts.config.isOnce || this.#rounds.unrendered().includes(index))
    this.#schedule.changed(users.filter(isWanted))
  }

  #toldFailure({ dependency, error, failures, retryInMs }: DependencyFailure): void {
    const { log } = this.#parts
    const message = `${dependency.name}: ${messageOf(error)}`
    if (retryInMs !== undefined) {
      log.warn(
        'view',
        `${message} (retry attempt ${failures} after "${goDurationText(retryInMs)}")`,
      )
      return
    }
    log.err('view', `${message} (exceeded maximum retries)`)
    this.#finish(exitCodes.runner, new RunnerError(message, { cause: error }))
  }

  /** With `-once`: does not wait longer than asked for. */
  async #limitOnce(): Promise<void> {
    const { config, clock, log } = this.#parts
    if (!config.isOnce || config.onceTimeoutMs === 0) return
    await clock.sleep(config.onceTimeoutMs, this.#stop.signal)
    if (this.#stop.signal.aborted || this.#hasSettled) return
    // They may have got further than it was worthwhile to look.
    for (const index of this.#rounds.unrendered()) this.#rounds.evaluate(index)
    const missing = this.#rounds.missing()
    // Nothing: it is about to end by itself.
    if (missing.length === 0) return
    for (const { name } of missing) log.err('runner', `missing dependency: ${name}`)
    const are = missing.length === 1 ? 'dependency is' : 'dependencies are'
    const after = goDurationText(config.onceTimeoutMs)
    const what = `${missing.length} ${are} missing after ${after}`
    this.#finish(exitCodes.runner, new RunnerError(what))
  }

  #childOf(setting: NonNullable<RunnerConfig['exec']>): ExecChild {
    return new ExecChild(setting, {
      ...this.#parts,
      environment: this.#commands.environmentFor(setting.environment),
      onEnd: (end) => {
        if (typeof end !== 'number') return this.#finish(end.exitCode, end)
        this.#parts.log.info('runner', 'child process died')
        const message = `child process died with exit code ${end}`
        this.#finish(end, new RunnerError(message, { exitCode: end }))
      },
    })
  }

  /** The first end counts. */
  #finish(exitCode: number, error: unknown): void {
    if (this.#stop.signal.aborted) return
    const known =
      error === undefined || error instanceof Error ? error : new Error(messageOf(error))
    this.#end = { exitCode, error: known }
    this.#stop.abort()
  }
}

function exitCodeOf(error: unknown): number {
  if (error instanceof RunnerError) return error.exitCode
  // A defect is not a fault of a template.
  if (!(error instanceof FairleadError)) throw error
  return exitCodes.runner
}
