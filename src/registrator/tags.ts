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
/** What somebody makes tags of is small; an endless answer must not fill the memory. */
const mostFetchedBytes = 1024 * 1024

/** `httpGet` of templates: the body; empty for anything that goes wrong within ten seconds. */
async function fetchText(url: string): Promise<string> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(fetchMs) })
    const chunks: Uint8Array[] = []
    let bytes = 0
    for await (const chunk of answer.body ?? []) {
      bytes += chunk.length
      // Leaving the loop ends the request.
      if (bytes > mostFetchedBytes) return ''
      chunks.push(chunk)
    }
    return Buffer.concat(chunks).toString()
  } catch {
    // Registrator's templates see an empty answer, whatever the reason.
    return ''
  }
}
