import { fromJavaScript, functionOf } from './go/from-javascript.ts'
import type { JavaScriptFunction } from './go/from-javascript.ts'
import { execute, parseTemplate as parse } from './go/template.ts'
import { isIdentifier } from './go/unicode.ts'
import type { Limits, Template, TemplateFunction, TemplateOptions } from './library-types.d.ts'
import { TemplateError } from './template-error.ts'
import type { GoFunction } from './go/values.ts'

export { TemplateError }
export type { Limits, Template, TemplateFunction, TemplateOptions }

/** As library-types.d.ts says. */
export function parseTemplate(text: string, options: TemplateOptions = {}): Template {
  const { name = '', leftDelimiter, rightDelimiter, missingKey, limits } = options
  const parsed = parse(name, text, {
    functions: functionsOf(name, options.functions ?? {}),
    ...(leftDelimiter === undefined ? {} : { leftDelim: leftDelimiter }),
    ...(rightDelimiter === undefined ? {} : { rightDelim: rightDelimiter }),
    ...(missingKey === undefined ? {} : { missingKey }),
  })
  return {
    name,
    execute: (data) => execute(parsed, valueOf(name, data), limits === undefined ? {} : { limits }),
  }
}

function valueOf(name: string, data: unknown) {
  try {
    return fromJavaScript(data)
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error
    const message = `template: ${name}: ${error.message}`
    throw new TemplateError('template_failed', message, { cause: error })
  }
}

function functionsOf(
  name: string,
  functions: Readonly<Record<string, TemplateFunction>>,
): Readonly<Record<string, GoFunction>> {
  const entries = Object.entries(functions).map(([functionName, callee]) => {
    if (!isIdentifier(functionName) || typeof callee !== 'function') {
      const message = `template: ${name}: function name "${functionName}" is not a valid identifier`
      throw new TemplateError('template_syntax', message)
    }
    return [functionName, functionOf(callee as JavaScriptFunction)] as const
  })
  return Object.fromEntries(entries)
}
