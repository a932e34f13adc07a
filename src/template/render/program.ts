import { messageOf } from '../../model/errors.ts'
import type { Knowledge, Rendering, Surroundings } from '../contract.ts'
import { executionFunctions, plainFunctions } from '../functions/all-functions.ts'
import { withoutDenied } from '../functions/denied.ts'
import type { FunctionSet } from '../functions/function-set.ts'
import type { OnText } from '../go/frame.ts'
import { execute, parseTemplate } from '../go/template.ts'
import type { Execution, Template } from '../go/template.ts'
import type { Value } from '../go/values.ts'
import { TemplateError } from '../template-error.ts'
import { traceOrigins } from './origins.ts'
import { questionsTo } from './questions.ts'
import type { Questions } from './questions.ts'
import { RenderError } from './render-error.ts'

export type ProgramOptions = {
  /** Begins error messages: the path of the source, or `(dynamic)`. */
  readonly name: string
  /** `{{` and `}}` when absent or empty. */
  readonly leftDelimiter?: string
  readonly rightDelimiter?: string
  /** A key that a map does not have is an error, not its zero value. */
  readonly isErrorOnMissingKey?: boolean
  /** Names of functions that may not be called; globs with `*` and `?`. */
  readonly deniedFunctions?: readonly string[]
  readonly surroundings: Surroundings
}

/** One consul-template template, parsed once and evaluated any number of times. */
export type Program = {
  readonly name: string
  readonly text: string
  /**
   * Evaluates the template with what is known. `dot` is `.` and `$` in it, nil if absent, as
   * consul-template has it. Throws a RenderError.
   */
  render(knowledge: Knowledge, dot?: Value): Rendering
  /**
   * The line of the template, from 1, that each line of output comes from. Evaluates the template
   * once more; throws a RenderError.
   */
  origins(knowledge: Knowledge, dot?: Value): readonly number[]
}

const nothingKnown = questionsTo({ recall: () => undefined })
const notRunning: Execution = { execute: () => '' }

/**
 * Parses a template with all of consul-template's functions. Throws a TemplateError with code
 * `template_syntax`, worded as consul-template words it: `NAME: parse: template: :1: …`.
 */
export function createProgram(text: string, options: ProgramOptions): Program {
  const { name, surroundings, deniedFunctions = [] } = options
  const functionsOf = (questions: Questions, execution: Execution): FunctionSet =>
    withoutDenied(
      executionFunctions({
        surroundings,
        execution,
        recall: (dependency) => questions.recall(dependency),
        waitFor: (dependency) => questions.waitFor(dependency),
      }),
      deniedFunctions,
    )
  const template = parsed(text, options, {
    ...withoutDenied(plainFunctions, deniedFunctions),
    ...functionsOf(nothingKnown, notRunning),
  })
  const evaluate = (knowledge: Knowledge, dot: Value, onText?: OnText): Rendering => {
    const questions = questionsTo(knowledge)
    try {
      const output = execute(template, dot, {
        functions: (execution) => functionsOf(questions, execution),
        ...(onText && { onText }),
      })
      return { text: output, ...questions.asked() }
    } catch (error) {
      throw new RenderError(`${name}: execute: ${messageOf(error)}`, questions.asked(), error)
    }
  }
  return {
    name,
    text,
    render: (knowledge, dot = null) => evaluate(knowledge, dot),
    origins(knowledge, dot = null) {
      const trace = traceOrigins(text)
      evaluate(knowledge, dot, trace.onText)
      return trace.lines()
    },
  }
}

function parsed(text: string, options: ProgramOptions, functions: FunctionSet): Template {
  try {
    return parseTemplate('', text, {
      functions,
      leftDelim: options.leftDelimiter ?? '',
      rightDelim: options.rightDelimiter ?? '',
      missingKey: options.isErrorOnMissingKey === true ? 'error' : 'zero',
    })
  } catch (error) {
    const message = `${options.name}: parse: ${messageOf(error)}`
    throw new TemplateError('template_syntax', message, { cause: error })
  }
}
