import { callFailure } from '../../go/failure.ts'
import { defaultLimits } from '../../go/limits.ts'

/** How deep values may be nested that are read or written, counted in lists and maps. */
export const greatestDepth = 500

/** Of one text that a function makes, in UTF-16 units. */
export const greatestTextLength = defaultLimits.textBytes

/** A text that is being written. */
export type Output = {
  text: string
  /** How many characters stand behind the last line's end. */
  column: number
}

export function newOutput(): Output {
  return { text: '', column: 0 }
}

/** Adds a text without line ends. A TemplateError when everything becomes too long. */
export function write(output: Output, text: string): void {
  output.text += text
  output.column += text.length
  checkLength(output.text.length)
}

/** Refuses a text that becomes too long. */
export function checkLength(length: number): void {
  if (length > greatestTextLength) {
    throw callFailure(`the text becomes longer than ${greatestTextLength} characters`)
  }
}

/** Ends the line and indents the next one. */
export function newLine(output: Output, indent: number): void {
  write(output, `\n${' '.repeat(indent)}`)
  output.column = indent
}

/** Refuses what is nested too deep, such as a map that has been set inside itself. */
export function checkDepth(depth: number): void {
  if (depth > greatestDepth) {
    throw callFailure(`the value is nested more than ${greatestDepth} levels deep`)
  }
}
