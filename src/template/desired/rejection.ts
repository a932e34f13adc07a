import { ConfigRejectedError } from '../../haproxy/runtime/errors.ts'
import type { Knowledge } from '../contract.ts'
import type { Program } from '../render/program.ts'
import { RenderError } from '../render/render-error.ts'

/**
 * HAProxy's word about a rendered text, with the line that it is about and the template's line that
 * this comes from. The text is the one that was rejected, made of the rendering; the lines of both
 * have the same numbers.
 */
export function explainRejection(
  error: ConfigRejectedError,
  { text, rendering }: { readonly text: string; readonly rendering: string },
  program: Program,
  knowledge: Knowledge,
): ConfigRejectedError {
  const alert = error.messages.find(({ level, line }) => level === 'alert' && line !== undefined)
  const line = alert?.line
  const written = line === undefined ? undefined : text.split('\n')[line - 1]?.trim()
  if (line === undefined || written === undefined) return error
  const rendered = rendering.split('\n')[line - 1]
  const origin = originOf(line, rendered, program, knowledge)
  const place = origin === undefined ? '' : `, from ${program.name}:${origin}`
  const message = `${error.message} (line ${line}: ${written}${place})`
  return new ConfigRejectedError(message, error.messages, error)
}

/**
 * Undefined for a line that the template did not write, or would not write there any more: what it
 * depends on may have changed while HAProxy read the text.
 */
function originOf(
  line: number,
  rendered: string | undefined,
  program: Program,
  knowledge: Knowledge,
): number | undefined {
  try {
    if (program.render(knowledge).text.split('\n')[line - 1] !== rendered) return undefined
    return program.origins(knowledge)[line - 1]
  } catch (error) {
    // What it depends on has changed meanwhile, and it cannot be evaluated any more.
    if (error instanceof RenderError) return undefined
    throw error
  }
}
