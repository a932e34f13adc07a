import { TemplateError } from '../template-error.ts'
import { byteLength } from './byte-text.ts'
import type { Allowance, Limits } from './limits.ts'
import { printNode } from './nodes.ts'
import type { Node, Tree } from './nodes.ts'
import { addText, isLongerThan } from './output.ts'
import type { Output } from './output.ts'
import { quote } from './quote.ts'
import type { GoFunction, Reflected } from './values.ts'

/** What `.name` of a map without that key gives: nothing (twice), the zero value, or an error. */
export type MissingKey = 'default' | 'invalid' | 'zero' | 'error'

/** Told of a piece of output, with the offset in the template of the node that wrote it. */
export type OnText = (text: string, position: number) => void

/** One execution of a template. */
export type Run = {
  readonly name: string
  readonly text: string
  readonly trees: ReadonlyMap<string, Tree>
  readonly functions: ReadonlyMap<string, GoFunction>
  readonly builtins: Readonly<Record<string, GoFunction>>
  readonly missingKey: MissingKey
  readonly limits: Limits
  /** Shared with the executions inside this one. */
  readonly allowance: Allowance
  /** The lists and maps that have been counted as made. */
  readonly counted: WeakSet<object>
  /** How many executions are inside each other now; shared as well. */
  readonly nesting: { depth: number }
  readonly output: Output
  readonly onText: OnText | undefined
  /** What is evaluated now; error messages point at it. */
  at: Node | undefined
}

export type Variable = { readonly name: string; value: Reflected }

/** One call of a template: the main one, or one by `template`. */
export type Frame = {
  readonly run: Run
  readonly templateName: string
  /** Innermost last. */
  readonly variables: Variable[]
  /** How many templates have called each other. */
  readonly depth: number
  /** How many variables there are in the templates that have called this one. */
  readonly variablesBelow: number
}

/** Adds what a node gives to the output. */
export function write(frame: Frame, text: string, node: Node): void {
  if (text === '') return
  const { output, onText, limits } = frame.run
  addText(output, text)
  if (isLongerThan(output, limits.outputBytes)) {
    fail(frame, `output of more than ${limits.outputBytes} bytes`)
  }
  onText?.(text, node.at)
}

/** Takes from what the execution may still do. */
export function spend(frame: Frame, steps: number): void {
  const { allowance, limits } = frame.run
  allowance.steps -= steps
  if (allowance.steps < 0) fail(frame, `more than ${limits.steps} steps`)
}

/** `name:line:column` of a node; the column counts bytes from 0. */
function locationOf({ name, text }: Run, at: number): string {
  const before = text.slice(0, at)
  const line = before.split('\n').length
  return `${name}:${line}:${byteLength(before.slice(before.lastIndexOf('\n') + 1))}`
}

/** Ends the execution, saying where it was. */
export function fail(frame: Frame, message: string, cause?: unknown): never {
  const { run, templateName } = frame
  const { at } = run
  const where =
    at === undefined
      ? run.name
      : `${locationOf(run, at.at)}: executing ${quote(templateName)} at <${printNode(at)}>`
  throw new TemplateError('template_failed', `template: ${where}: ${message}`, { cause })
}

/** The innermost variable of a name. */
export function findVariable(frame: Frame, name: string): Variable {
  const { variables } = frame
  for (let position = variables.length - 1; position >= 0; position--) {
    const variable = variables[position]
    if (variable?.name !== name) continue
    const passed = variables.length - position
    if (passed > 16) spend(frame, passed / 16)
    return variable
  }
  return fail(frame, `undefined variable: ${name}`)
}
