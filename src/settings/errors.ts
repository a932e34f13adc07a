import { FairleadError } from '../model/errors.ts'
import type { Problem } from '../model/problem.ts'

/**
 * One or more settings are wrong; all of them are named, each with where it was given
 * (`--http`, `FAIRLEAD_HTTP`, `fairlead.yaml:3:7 http`). Code `setting_invalid`.
 */
export class SettingsError extends FairleadError {
  readonly mistakes: readonly Problem[]

  constructor(mistakes: readonly Problem[]) {
    const lines = mistakes.map((mistake) => `${mistake.where}: ${mistake.what}`)
    const hints = mistakes.map((mistake) => mistake.hint).filter((hint) => hint !== '')
    super('setting_invalid', lines.join('; '), { hint: hints.join('; ') })
    this.mistakes = mistakes
  }
}
