import { messageOf } from '../../model/errors.ts'
import { TemplateError } from '../template-error.ts'

/** Why a template function cannot give a result; the evaluator says where it was called. */
export function callFailure(message: string, cause?: unknown): TemplateError {
  return new TemplateError('template_failed', message, { cause })
}

/** What to say of something thrown; the ends of JavaScript's stack and strings in plain words. */
export function reasonOf(error: unknown): string {
  if (typeof error === 'string') return error
  // Another object need not be able to become a text.
  if (!(error instanceof Error)) return 'something was thrown that is no Error'
  if (!(error instanceof RangeError)) return messageOf(error)
  if (error.message.includes('call stack')) return 'nested too deep'
  return error.message.includes('string length') ? 'text too long' : error.message
}
