import { printable } from '../../support/printable.ts'

/** A template that failed: what it is called in messages, and its text. */
export type FailedTemplate = { readonly name: string; readonly text: string }

/**
 * What is wrong with a template: `FILE:LINE:COLUMN: what`, the line, and below it a mark at the
 * place. Columns count characters from 1; where only the line is known, the word that the message
 * quotes is looked for in it. `message`: as createProgram and its programs give it.
 */
export function renderTemplateFailure(template: FailedTemplate, message: string): string {
  const { name, text } = template
  const inner = message.startsWith(`${name}: `) ? message.slice(name.length + 2) : message
  const [, lineText, offset, what = inner] =
    /^(?:parse|execute): template: [^:]*:(\d+):(?:(\d+):)? (.*)$/s.exec(inner) ?? []
  const line = text.split('\n')[Number(lineText) - 1]
  if (lineText === undefined || line === undefined) return `${name}: ${printable(what)}\n`
  const before = offset === undefined ? beforeQuoted(line, what) : firstBytes(line, Number(offset))
  const column = before === undefined ? '' : `:${characters(before) + 1}`
  const shown = `${name}:${lineText}${column}: ${printable(what)}\n  ${printable(visible(line))}\n`
  return before === undefined ? shown : `${shown}  ${visible(before).replaceAll(/[^\t]/gu, ' ')}^\n`
}

/** A tab would not be as wide in the line as below it. */
function visible(line: string): string {
  return line.replaceAll('\t', ' ').replace(/\r$/, '')
}

/** What stands before an offset in bytes, as Go counts. */
function firstBytes(line: string, offset: number): string {
  return Buffer.from(line).subarray(0, offset).toString()
}

/** What stands before the quoted word of a message; undefined unless the line has it once. */
function beforeQuoted(line: string, message: string): string | undefined {
  const word = /["<]([^"<>]+)[">]/.exec(message)?.[1]
  if (word === undefined) return undefined
  const [before = '', ...others] = line.split(word)
  return others.length === 1 ? before : undefined
}

function characters(text: string): number {
  return text.replaceAll(/[^]/gu, '.').length
}
