import { FairleadError, messageOf } from '../../model/errors.ts'

/** consul-template's exit codes, beside those of a child that it runs. */
export const exitCodes = { done: 0, interrupted: 12, flags: 13, runner: 14, config: 15 } as const

/** A run of templates cannot go on, or did not do all of its work. Code `template_run_failed`. */
export class RunnerError extends FairleadError {
  /** What the program ends with by it. */
  readonly exitCode: number

  constructor(message: string, options: { cause?: unknown; exitCode?: number } = {}) {
    super('template_run_failed', message, { cause: options.cause })
    this.exitCode = options.exitCode ?? exitCodes.runner
  }
}

/** What the system said of a file, without the call's name and the path that Node adds. */
export function fileFault(what: string, path: string, error: unknown): RunnerError {
  const [, words = messageOf(error)] = /^[A-Z]+: (.*?),/.exec(messageOf(error)) ?? []
  return new RunnerError(`${what} ${path}: ${words}`, { cause: error })
}
