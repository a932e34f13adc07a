import { joined } from '../byte-text.ts'
import type { Value } from '../values.ts'
import { noFlags } from './flags.ts'
import { printOperand } from './print-value.ts'

const show = (value: Value): string => printOperand(value, 'v', noFlags)

/** All operands one after another, with a space between two of which none is a string. */
export function sprint(operands: readonly Value[]): string {
  let text = ''
  operands.forEach((operand, index) => {
    const isSpaced =
      index > 0 && typeof operand !== 'string' && typeof operands[index - 1] !== 'string'
    text += (isSpaced ? ' ' : '') + show(operand)
  })
  return joined(text)
}

/** All operands with spaces between them, and a line's end. */
export function sprintln(operands: readonly Value[]): string {
  return joined(`${operands.map(show).join(' ')}\n`)
}
