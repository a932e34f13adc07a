import { FairleadError } from '../model/errors.ts'

/**
 * A template that cannot be parsed (`template_syntax`) or whose evaluation stopped
 * (`template_failed`). The message is worded as Go's text/template words it, with the template's
 * name, line and, when evaluating, the byte column.
 */
export class TemplateError extends FairleadError {
  constructor(
    code: 'template_syntax' | 'template_failed',
    message: string,
    options: { hint?: string; cause?: unknown } = {},
  ) {
    super(code, message, options)
  }
}
