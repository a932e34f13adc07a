import { TemplateError } from '../template-error.ts'

/** Why a template function cannot give a result; the evaluator says where it was called. */
export function callFailure(message: string, cause?: unknown): TemplateError {
  return new TemplateError('template_failed', message, { cause })
}
