/** Something the demo cannot do; shown as one line, with what helps on the next. */
export class DemoError extends Error {
  readonly hint: string

  constructor(message: string, hint = '') {
    super(message)
    this.name = 'DemoError'
    this.hint = hint
  }
}

/** An error in its own words, without a stack. */
export const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error)
