import { TemplateError } from '../template-error.ts'
import { byteLength } from './byte-text.ts'
import { printNode } from './nodes.ts'
import type { Node, Tree } from './nodes.ts'
import { quote } from './quote.ts'
import type { GoFunction, Reflected } from './values.ts'

/** What `.name` of a map without that key gives: nothing, the zero value, or an error. */
export type MissingKey = 'default' | 'zero' | 'error'

/** Told of a piece of output, with the offset in the template of the node that wrote it. */
export type OnText = (text: string, position: number) => void

/** One execution of a template. */
export type Run = {
  readonly name: string
  readonly text: string
  readonly trees: ReadonlyMap<string, Tree>
  readonly functions: ReadonlyMap<string, GoFunction>
  readonly missingKey: MissingKey
  readonly output: string[]
  readonly onText: OnText | undefined
  /** What is evaluated now; error messages point at it. */
  at: Node | undefined
}

/** One call of a template: the main one, or one by `template`. */
export type Frame = {
  readonly run: Run
  readonly templateName: string
  /** Innermost last. */
  readonly variables: { readonly name: string; value: Reflected }[]
  /** How many templates have called each other. */
  readonly depth: number
}

/** Adds what a node gives to the output. */
export function write({ output, onText }: Run, text: string, { at }: Node): void {
  if (text === '') return
  output.push(text)
  onText?.(text, at)
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
export function findVariable(frame: Frame, name: string): { value: Reflected } {
  const found = frame.variables.findLast((variable) => variable.name === name)
  return found ?? fail(frame, `undefined variable: ${name}`)
}
