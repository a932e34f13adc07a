import { FairleadError, messageOf } from '../../model/errors.ts'
import type { Clock } from '../../support/clock.ts'
import type { RunnerConfig } from '../config/contract.ts'
import type { DependencyFailure, DependencySource, WatchEvent } from '../contract.ts'
import type { Dependency } from '../dependency.ts'
import type { Environment } from './child-environment.ts'
import { deliver } from './deliver.ts'
import { exitCodes, RunnerError } from './errors.ts'
import { ExecChild } from './exec-child.ts'
import { shownTemplate, type LoadedTemplate } from './load-templates.ts'
import type { Log } from './log.ts'
import { Rounds, type Outcome } from './rounds.ts'
import { createCommandRunner, type CommandRunner } from './run-commands.ts'
import { Schedule } from './schedule.ts'
import { knowledgeFor, type Sharing } from './sharing.ts'

/** More than so many are worth a warning; consul-template's number. */
const manyDependencies = 128

export type RunnerParts = {
  readonly config: RunnerConfig
  readonly templates: readonly LoadedTemplate[]
  readonly source: DependencySource
  /** Undefined: it asks for everything itself. */
  readonly sharing: Sharing | undefined
  /** Told after each round what is used, when no answer is missing. */
  readonly onComplete: (used: readonly Dependency[]) => void
  /** Waited for at the end. */
  readonly onEnd: () => Promise<void>
  readonly log: Log
  readonly environment: Environment
  readonly cwd: string
  readonly clock: Clock
  /** From 0 to 1. */
  readonly random: () => number
  /** Standard output. */
  out(bytes: Uint8Array): void
}

type IndexedText = { readonly index: number; readonly text: string }

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
  readonly #stop = new AbortController()
  /** Templates whose rendering was refused; true where there is no file at all. */
  readonly #refused = new Map<number, boolean>()
  #end: RunEnd | undefined
  #hasSettled = false
  #hasWarned = false

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
    this.#commands = createCommandRunner(config, { ...parts, signal: this.#stop.signal })
    this.#child = config.exec && this.#childOf(config.exec)
  }

  /** Runs until it ends or is stopped; everything is released then. Undefined: it was stopped. */
  async run(): Promise<RunEnd | undefined> {
    const { source, sharing, onEnd } = this.#parts
    source.onEvent((event) => this.#told(event))
    sharing?.start((index) => this.#schedule.changed([index]))
    void this.#limitOnce()
    // At once: what waits in between, such as a splay, is given up.
    this.#stop.signal.addEventListener('abort', () => void this.#child?.stop(), { once: true })
    try {
      await this.#evaluateForEver()
    } catch (error) {
      this.#finish(exitCodeOf(error), error)
    } finally {
      this.#stop.abort()
      this.#schedule.close()
      source.close()
      await sharing?.close()
      await this.#child?.stop()
      await onEnd()
    }
    return this.#end
  }

  /** Ends it; the program beneath is ended too. `run` resolves when that is done. */
  stop(): void {
    this.#stop.abort()
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
      await this.#round(due)
    }
  }

  async #round(due: readonly number[]): Promise<void> {
    const { renderings, mistake } = this.#evaluateAll(due)
    this.#follow()
    const { written, failure = mistake } = await this.#deliverAll(renderings)
    const failures = await this.#commands.runAll(written)
    if (this.#stop.signal.aborted) return
    for (const each of failures) this.#parts.log.err('runner', each)
    if (failure !== undefined) throw failure
    if (failures.length > 0) throw new RunnerError(failures.join('; '))
    if (!this.#hasSettled) await this.#settle()
    else if (written.length > 0 && this.#child?.isStarted === true) await this.#child.reload()
  }

  /** One that fails does not keep the others; the first that is fatal is told. */
  #evaluateAll(due: readonly number[]): {
    readonly renderings: readonly IndexedText[]
    readonly mistake: Error | undefined
  } {
    let mistake: Error | undefined
    const renderings = due.flatMap((index) => {
      const outcome = this.#evaluate(index)
      if (outcome.kind === 'rendered') return [{ index, text: outcome.text }]
      if (outcome.kind === 'failed' && this.#template(index).setting.isErrorFatal) {
        mistake ??= outcome.error
      }
      return []
    })
    return { renderings, mistake }
  }

  /** One that cannot be written does not keep the others; the first such failure is told. */
  async #deliverAll(renderings: readonly IndexedText[]): Promise<{
    readonly written: readonly LoadedTemplate[]
    readonly failure: Error | undefined
  }> {
    const written: LoadedTemplate[] = []
    let failure: Error | undefined
    for (const { index, text } of renderings) {
      if (this.#stop.signal.aborted) break
      try {
        if (await this.#deliver(index, text)) written.push(this.#template(index))
      } catch (error) {
        if (!(error instanceof RunnerError)) throw error
        failure ??= error
      }
    }
    return { written, failure }
  }

  /** Whether its file was written. */
  async #deliver(index: number, text: string): Promise<boolean> {
    const delivery = await deliver(this.#template(index), text, {
      ...this.#parts,
      isDry: this.#parts.config.isDry,
      check: (...args) => this.#commands.check(...args),
    })
    if (delivery.kind === 'refused') this.#refused.set(index, !delivery.hasFile)
    else this.#refused.delete(index)
    return delivery.kind === 'written'
  }

  #evaluate(index: number): Outcome {
    const { log, sharing, source } = this.#parts
    const template = this.#template(index)
    const outcome = this.#rounds.evaluate(index)
    if (outcome.kind === 'waiting') {
      log.debug('runner', `${shownTemplate(template)}: not all answers are there yet`)
    } else if (outcome.kind === 'failed' && !template.setting.isErrorFatal) {
      log.err('runner', `${shownTemplate(template)}: ${messageOf(outcome.error)}`)
    } else if (outcome.kind === 'rendered' && sharing?.isLeader(index) === true) {
      sharing.publish(index, [...this.#rounds.usedBy([index])], source)
    }
    return outcome
  }

  #follow(): void {
    const { source, sharing, templates, log, onComplete } = this.#parts
    const isLed = (index: number): boolean => sharing?.isLeader(index) ?? true
    const all = [...templates.keys()]
    const led = this.#rounds.usedBy(all.filter(isLed))
    // Files are of this machine, whoever asks Consul.
    const others = [...this.#rounds.usedBy(all.filter((index) => !isLed(index)))]
    const used = [...led, ...others.filter(({ kind }) => kind === 'file')]
    source.follow(used)
    if (used.length > manyDependencies && !this.#hasWarned) {
      this.#hasWarned = true
      log.warn('runner', `${used.length} dependencies, more than ${manyDependencies}, are watched`)
    }
    if (this.#rounds.unrendered().length === 0 && this.#rounds.missing().length === 0) {
      onComplete(used)
    }
  }

  /** Goes on as consul-template does once every template has been rendered. */
  async #settle(): Promise<void> {
    const { config, source } = this.#parts
    const failed = this.#rounds.failed()
    const isDone = (index: number): boolean => config.isOnce && failed.includes(index)
    if (!this.#rounds.unrendered().every(isDone)) return
    if (config.isOnce) {
      // Nothing that changes from now on is wanted.
      source.close()
      if (failed.length + this.#refused.size > 0) throw this.#unwritten()
    }
    if ([...this.#refused.values()].includes(true)) return
    this.#hasSettled = true
    this.#schedule.settle()
    if (this.#child !== undefined && !config.isDry) this.#child.start()
    else if (config.isOnce) this.#finish(exitCodes.done, undefined)
  }

  #unwritten(): RunnerError {
    const indices = new Set([...this.#rounds.failed(), ...this.#refused.keys()])
    const names = [...indices].map((index) => shownTemplate(this.#template(index)))
    return new RunnerError(`not written: ${names.join(', ')}`)
  }

  #told(event: WatchEvent): void {
    if (event.kind === 'failed') {
      this.#toldFailure(event.failure)
      return
    }
    const users = this.#rounds.usersOf(event.dependencies)
    const isWanted = (index: number): boolean =>
      this.#rounds.isWorthwhile(index) &&
      (!this.#parts.config.isOnce || this.#rounds.unrendered().includes(index))
    this.#schedule.changed(users.filter(isWanted))
  }

  #toldFailure({ dependency, error, failures, retryInMs }: DependencyFailure): void {
    const { log } = this.#parts
    const message = `${dependency.name}: ${messageOf(error)}`
    if (retryInMs !== undefined) {
      log.warn('view', `${message} (retry attempt ${failures} after "${retryInMs}ms")`)
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
    const what = `${missing.length} dependencies are missing after ${config.onceTimeoutMs} ms`
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

  #template(index: number): LoadedTemplate {
    const template = this.#parts.templates[index]
    if (template === undefined) throw new RangeError(`there is no template ${index}`)
    return template
  }
}

function exitCodeOf(error: unknown): number {
  if (error instanceof RunnerError) return error.exitCode
  // A defect is not a fault of a template.
  if (!(error instanceof FairleadError)) throw error
  return exitCodes.runner
}
