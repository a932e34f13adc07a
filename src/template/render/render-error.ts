import type { Dependency } from '../dependency.ts'
import { TemplateError } from '../template-error.ts'

/**
 * An evaluation that stopped (`template_failed`). It knows what was asked for until then: with
 * answers that were missing, it may not stop there.
 */
export class RenderError extends TemplateError {
  /** As in a Rendering. */
  readonly used: readonly Dependency[]
  readonly missing: readonly Dependency[]

  constructor(
    message: string,
    asked: { readonly used: readonly Dependency[]; readonly missing: readonly Dependency[] },
    cause: unknown,
  ) {
    super('template_failed', message, { cause })
    this.used = asked.used
    this.missing = asked.missing
  }
}
