import { FairleadError, messageOf } from '../../model/errors.ts'
import { Releases } from '../../support/releases.ts'
import type { RunnerConfig } from '../config/contract.ts'
import { readConfig } from '../config/read-config.ts'
import { exitCodes, RunnerError } from './errors.ts'
import { createLog, type Log, type LogSink } from './log.ts'
import { openLogFile } from './log-file.ts'
import { openRunner, type RunnerContext } from './open-runner.ts'
import { sweepDestinations } from './load-templates.ts'
import { writePidFile } from './pid-file.ts'
import type { RunEnd, Runner } from './runner.ts'
import type { SignalSource } from './signals.ts'
import { openSyslog } from './syslog.ts'

/** All that it asks of the world around it. */
export type TemplateContext = RunnerContext & {
  /** Without the program. */
  readonly argv: readonly string[]
  err(text: string): void
  readonly signals: SignalSource
}

/**
 * Does what consul-template does, with its command line, configuration, log lines on standard error
 * and exit codes: 0 done, 12 interrupted, 13 wrong flags, 14 a run failed, 15 wrong configuration,
 * that of the program beneath where there is one. Unlike it, it ends by SIGTERM, with 0, or 12 with `-once`.
 */
export async function runConsulTemplate(context: TemplateContext): Promise<number> {
  const read = readConfig(context.argv, {
    environment: context.environment,
    workingFolder: context.cwd,
  })
  if (read.kind === 'text') {
    context.out(read.text)
    return exitCodes.done
  }
  if (read.kind === 'mistake') return reportMistake(read, context)
  const releases = new Releases()
  try {
    const log = openLog(read.config, context, releases)
    for (const warning of read.warnings) log.warn('cli', warning)
    return await reported(log, () => runWith(read.config, log, context, releases))
  } catch (error) {
    if (!(error instanceof RunnerError)) throw error
    context.err(`${error.message}\n`)
    return error.exitCode
  } finally {
    await releases.run((_what, error) => {
      throw error
    })
  }
}

/** Wrong flags are said as they are; what comes after them is a line of the log. */
function reportMistake(
  { message, exitCode }: { readonly message: string; readonly exitCode: number },
  context: TemplateContext,
): number {
  if (exitCode === exitCodes.flags) context.err(`${message}\n`)
  else createLog('WARN', [(line) => context.err(line)], () => new Date()).err('cli', message)
  return exitCode
}

function openLog(config: RunnerConfig, context: TemplateContext, releases: Releases): Log {
  const sinks: LogSink[] = [(line) => context.err(line)]
  if (config.logFile !== undefined) sinks.push(openLogFile(config.logFile, () => Date.now()))
  if (config.syslog !== undefined) {
    const syslog = openSyslog(config.syslog)
    releases.push('syslog', () => syslog.close())
    sinks.push(syslog.sink)
  }
  return createLog(config.logLevel, sinks, () => new Date())
}

async function reported(log: Log, run: () => Promise<number>): Promise<number> {
  try {
    return await run()
  } catch (error) {
    if (!(error instanceof FairleadError)) throw error
    log.err('cli', shown(error))
    return error instanceof RunnerError ? error.exitCode : exitCodes.runner
  }
}

function shown(error: Error): string {
  const hint = error instanceof FairleadError ? error.hint : ''
  return hint === '' ? messageOf(error) : `${messageOf(error)} (${hint})`
}

async function runWith(
  config: RunnerConfig,
  log: Log,
  context: TemplateContext,
  releases: Releases,
): Promise<number> {
  const first = await openRunner(config, log, context)
  if (config.isParseOnly) return exitCodes.done
  if (!config.isDry) await sweepDestinations(first.templates)
  const removePidFile = await writePidFile(config.pidFile)
  releases.push('pid file', removePidFile)
  return new Session(config, first.runner, log, context).run()
}

/** The runs from the start to the end: one, and one more for each reload. */
class Session {
  readonly #log: Log
  readonly #context: TemplateContext
  #config: RunnerConfig
  #runner: Runner
  /** What the next run will be, once this one has stopped. */
  #next: { readonly config: RunnerConfig; readonly runner: Runner } | undefined
  #exitCode: number | undefined
  /** Turns of reloads: given out, and the newest of those that could be opened. */
  #turn = 0
  #openedTurn = 0

  constructor(config: RunnerConfig, first: Runner, log: Log, context: TemplateContext) {
    this.#config = config
    this.#runner = first
    this.#log = log
    this.#context = context
  }

  async run(): Promise<number> {
    const deafen = this.#context.signals.listen((name) => this.#hear(name))
    // Whoever waits for a signal is no reason for Node to go on, and a template may depend on nothing.
    const alive = setInterval(() => {}, 60_000)
    try {
      for (;;) {
        const end = await this.#runner.run()
        if (end !== undefined) return this.#ended(end)
        if (this.#exitCode !== undefined || this.#next === undefined) {
          return this.#exitCode ?? exitCodes.done
        }
        this.#config = this.#next.config
        this.#runner = this.#next.runner
        this.#next = undefined
      }
    } finally {
      clearInterval(alive)
      deafen()
      // A reload that is still opening is closed then.
      this.#openedTurn = Number.POSITIVE_INFINITY
      await this.#next?.runner.close()
    }
  }

  #ended({ exitCode, error }: RunEnd): number {
    if (error !== undefined) this.#log.err('cli', shown(error))
    return exitCode
  }

  #hear(name: NodeJS.Signals): void {
    const { reloadSignal, killSignal, sigterm } = this.#config
    this.#log.debug('cli', `received signal ${name}`)
    if (name === killSignal) {
      this.#context.err('Cleaning up...\n')
      this.#stop(exitCodes.interrupted, 'now')
    } else if (name === reloadSignal) {
      this.#context.err('Reloading configuration...\n')
      void this.#reload()
    } else if (name === 'SIGTERM' && sigterm === 'end') {
      // A single rendering that was not waited for is no success.
      this.#stop(this.#config.isOnce ? exitCodes.interrupted : exitCodes.done, 'after commands')
    } else {
      this.#runner.signal(name)
    }
  }

  /** The first such signal counts. */
  #stop(exitCode: number, how: 'after commands' | 'now'): void {
    this.#exitCode ??= exitCode
    this.#runner.stop(how)
  }

  /**
   * Reads everything anew and starts again with that. What cannot be read or parsed changes
   * nothing: the run goes on as it was, and the log says why. Of several signals the newest that
   * can be read counts, whichever is opened first.
   */
  async #reload(): Promise<void> {
    const turn = ++this.#turn
    const { argv, environment, cwd } = this.#context
    const read = readConfig(argv, { environment, workingFolder: cwd })
    if (read.kind !== 'config') {
      const why = read.kind === 'mistake' ? read.message : 'no configuration'
      this.#log.err('cli', `not reloaded: ${why}`)
      return
    }
    try {
      const { runner } = await openRunner(read.config, this.#log, this.#context)
      if (turn < this.#openedTurn) return await runner.close()
      this.#openedTurn = turn
      const overtaken = this.#next
      this.#next = { config: read.config, runner }
      this.#runner.stop('after commands')
      await overtaken?.runner.close()
    } catch (error) {
      if (!(error instanceof FairleadError)) throw error
      this.#log.err('cli', `not reloaded: ${shown(error)}`)
    }
  }
}
