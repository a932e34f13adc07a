import { FairleadError } from '../model/errors.ts'
import type { Inspect } from '../discovery/docker/docker-types.ts'

/** Renders `-tags` for one container. Throws TemplateError. */
export type TagTemplate = (inspect: Inspect) => Promise<string>

/**
 * The `-tags` of a command line. A text without `{{` is no template: then none of the engine is
 * loaded. Throws TemplateError for one that cannot be parsed.
 */
export function tagTemplate(text: string): TagTemplate {
  if (!text.includes('{{')) return () => Promise.resolve(text)
  throw new FairleadError('template_syntax', 'templates in -tags are not there yet')
}
