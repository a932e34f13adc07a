import { FairleadError } from '../../model/errors.ts'

/** What of consul-template's exit codes says so: flags, what the runner needs, files. */
export type MistakeExitCode = 13 | 14 | 15

/** A flag, a file or a value that cannot be used; the message says which and where. */
export class ConfigMistake extends FairleadError {
  readonly exitCode: MistakeExitCode

  constructor(message: string, exitCode: MistakeExitCode = 15) {
    super('setting_invalid', message)
    this.exitCode = exitCode
  }
}
