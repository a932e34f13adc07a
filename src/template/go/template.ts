import { TemplateError } from '../template-error.ts'
import { builtins, builtinsWithin } from './builtins.ts'
import { executeTree } from './execute.ts'
import { callFailure, reasonOf } from './failure.ts'
import type { MissingKey, OnText, Run } from './frame.ts'
import { defaultLimits } from './limits.ts'
import type { Limits } from './limits.ts'
import type { Tree } from './nodes.ts'
import { countedBytes, emptyOutput } from './output.ts'
import { parseTrees } from './parser.ts'
import { quote } from './quote.ts'
import type { GoFunction, Value } from './values.ts'

/** A parsed template, which can be executed any number of times. */
export type Template = {
  readonly name: string
  readonly text: string
  /** The template itself and those it defines, by name. */
  readonly trees: ReadonlyMap<string, Tree>
  readonly functions: ReadonlyMap<string, GoFunction>
  readonly missingKey: MissingKey
}

export type TemplateOptions = {
  /** Functions by name, beside Go's own; they come before those of the same name. */
  readonly functions?: Readonly<Record<string, GoFunction>>
  /** What opens and closes an action; `{{` and `}}` when absent or empty. */
  readonly leftDelim?: string
  readonly rightDelim?: string
  readonly missingKey?: MissingKey
}

/**
 * Parses a text as Go's text/template does. The name stands in error messages. Throws a
 * TemplateError with code `template_syntax`.
 */
export function parseTemplate(name: string, text: string, options: TemplateOptions = {}): Template {
  const functions = new Map(Object.entries(options.functions ?? {}))
  const trees = parseTrees(name, text, {
    leftDelim: options.leftDelim || '{{',
    rightDelim: options.rightDelim || '}}',
    isFunction: (word) => functions.has(word) || Object.hasOwn(builtins, word),
  })
  return { name, text, trees, functions, missingKey: options.missingKey ?? 'default' }
}

/** What a function can do with the execution that it is called in. */
export type Execution = {
  /** The output of one of the template's own templates, as `template` would give it. */
  readonly execute: (name: string, value: Value) => string
}

export type ExecuteOptions = {
  /**
   * Functions made for this one execution, by name; they come before those that the template was
   * parsed with, and each name must have been known there.
   */
  readonly functions?: (execution: Execution) => Readonly<Record<string, GoFunction>>
  /**
   * Told of every piece of output, in order, with the offset in the template's text (UTF-16 units)
   * of the text or action that wrote it; what a function executed is written by the action that
   * called the function. Joined they are the output, but for characters of which each piece has
   * only some bytes.
   */
  readonly onText?: OnText
  /** Those not given are the default ones. */
  readonly limits?: Partial<Limits>
}

/**
 * How many executions may be inside each other, by functions that execute. They are inside each
 * other on JavaScript's stack, too.
 */
const mostNested = 100

/**
 * The output of a template for a value, which is `.` and `$` in it. Bytes that are not UTF-8 are
 * kept as byte-text.ts says. Throws a TemplateError with code `template_failed`.
 */
export function execute(template: Template, value: Value, options: ExecuteOptions = {}): string {
  const functions = new Map(template.functions)
  const run = newRun(template, functions, options)
  const own = options.functions?.({ execute: (name, inner) => executeInside(run, name, inner) })
  for (const [name, callee] of Object.entries(own ?? {})) functions.set(name, callee)
  try {
    return executeTree(run, template.name, value ?? undefined)
  } catch (error) {
    // The end of the stack, by a value nested too deep to be printed, or a string too long for Node.
    if (!(error instanceof RangeError)) throw error
    const message = `template: ${template.name}: ${reasonOf(error)}`
    throw new TemplateError('template_failed', message, { cause: error })
  }
}

function newRun(template: Template, functions: Run['functions'], options: ExecuteOptions): Run {
  const limits = { ...defaultLimits, ...options.limits }
  const { name, text, trees, missingKey } = template
  return {
    name,
    text,
    trees,
    functions,
    builtins: builtinsWithin(limits),
    missingKey,
    limits,
    allowance: { steps: limits.steps, madeBytes: limits.madeBytes },
    counted: new WeakSet(),
    nesting: { depth: 0 },
    output: emptyOutput(0),
    onText: options.onText,
    at: undefined,
  }
}

/** Executes one of the template's own, for a function. What it takes is taken from the whole. */
function executeInside(run: Run, name: string, value: Value): string {
  const { nesting } = run
  if (!run.trees.has(name)) {
    throw callFailure(
      `template: no template ${quote(name)} associated with template ${quote(run.name)}`,
    )
  }
  if (nesting.depth === mostNested)
    throw callFailure(`more than ${mostNested} executions inside each other`)
  nesting.depth++
  try {
    const inner: Run = { ...run, output: emptyOutput(countedBytes(run.output)), onText: undefined }
    return executeTree(inner, name, value ?? undefined)
  } finally {
    nesting.depth--
  }
}
