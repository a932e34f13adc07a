import { FairleadError } from '../../model/errors.ts'

/** A text that HAProxy's word splitter refuses. Code `config_syntax`; `line` counts from 1. */
export class ConfigSyntaxError extends FairleadError {
  readonly line: number

  constructor(line: number, what: string) {
    super('config_syntax', `line ${line}: ${what}`)
    this.line = line
  }
}
