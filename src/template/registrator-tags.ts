import { bytesOfText } from './go/byte-text.ts'
import { execute, parseTemplate } from './go/template.ts'
import { registratorFunctions } from './registrator/functions.ts'
import { inspectForTemplate } from './registrator/inspect-value.ts'
import { TemplateError } from './template-error.ts'

/** In error messages. */
const templateName = 'tags'

/** How often a template is evaluated: an address may be built from what is at another one. */
const greatestPasses = 8

const noBytes = new Uint8Array()

/** Checks that a text is a template. Throws a TemplateError with code `template_syntax`. */
export function checkTags(template: string): void {
  parseTemplate(templateName, template, { functions: registratorFunctions(() => noBytes) })
}

/**
 * What registrator's `-tags` template gives for a container, as Docker's API describes it. Throws
 * a TemplateError.
 *
 * Templates are evaluated in one go, and `httpGet` cannot wait in the middle of it: it answers
 * with nothing at first, its URLs are fetched, and the template is evaluated again. `fetchText`
 * keeps the time limit and gives "" for a request that failed.
 */
export async function renderTags(
  template: string,
  inspect: object,
  fetchText: (url: string) => Promise<string>,
): Promise<string> {
  const answers = new Map<string, Uint8Array>()
  const wanted = new Set<string>()
  const fetched = (url: string): Uint8Array => {
    const answer = answers.get(url)
    if (answer === undefined) wanted.add(url)
    return answer ?? noBytes
  }
  const parsed = parseTemplate(templateName, template, {
    functions: registratorFunctions(fetched),
  })
  const value = inspectForTemplate(inspect)
  for (let pass = 0; pass < greatestPasses; pass++) {
    const text = attempt(() => execute(parsed, value))
    // A failure may come from an answer that is not there yet.
    if (wanted.size === 0) return text()
    const urls = [...wanted]
    wanted.clear()
    const texts = await Promise.all(urls.map((url) => fetchText(url)))
    urls.forEach((url, index) => answers.set(url, bytesOfText(texts[index] ?? '')))
  }
  throw new TemplateError(
    'template_failed',
    `template: ${templateName}: httpGet wants other URLs each time it is evaluated`,
  )
}

/** Runs something now and gives its result, or throws its error, when that is asked for. */
function attempt<Result>(run: () => Result): () => Result {
  try {
    const result = run()
    return () => result
  } catch (error) {
    return () => {
      throw error
    }
  }
}
