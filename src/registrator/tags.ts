import type { Inspect } from '../discovery/docker/docker-types.ts'

/** Renders `-tags` for one container. Throws TemplateError. */
export type TagTemplate = (inspect: Inspect) => Promise<string>

/**
 * The `-tags` of a command line. A text without `{{` is no template: then none of the engine is
 * loaded. Throws TemplateError for one that cannot be parsed.
 */
export async function tagTemplate(text: string): Promise<TagTemplate> {
  if (!text.includes('{{')) return () => Promise.resolve(text)
  const { renderTags, checkTags } = await import('../template/registrator-tags.ts')
  checkTags(text)
  return (inspect) => renderTags(text, inspect, fetchText)
}

const fetchMs = 10_000

/** `httpGet` of templates: the body; empty for anything that goes wrong within ten seconds. */
async function fetchText(url: string): Promise<string> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(fetchMs) })
    return await answer.text()
  } catch {
    // Registrator's templates see an empty answer, whatever the reason.
    return ''
  }
}
