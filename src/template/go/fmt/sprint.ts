import { joined } from '../byte-text.ts'
import type { Value } from '../values.ts'
import { defaultLimits } from '../limits.ts'
import { tooLong } from './extent.ts'
import { noFlags } from './flags.ts'
import { printOperand } from './print-value.ts'

/** Texts one after another; throws when they are too long. */
function concatenated(operands: readonly Value[], mostBytes: number, between: Between): string {
  let text = ''
  operands.forEach((operand, index) => {
    if (index > 0) text += between(operands[index - 1] ?? null, operand)
    text += printOperand(operand, 'v', noFlags, mostBytes)
    if (text.length > mostBytes) throw tooLong(mostBytes)
  })
  return joined(text)
}

type Between = (before: Value, after: Value) => string

const spaceUnlessText: Between = (before, after) =>
  typeof before !== 'string' && typeof after !== 'string' ? ' ' : ''

/** All operands one after another, with a space between two of which none is a string. */
export function sprint(operands: readonly Value[], mostBytes = defaultLimits.textBytes): string {
  return concatenated(operands, mostBytes, spaceUnlessText)
}

/** All operands with spaces between them, and a line's end. */
export function sprintln(operands: readonly Value[], mostBytes = defaultLimits.textBytes): string {
  return `${concatenated(operands, mostBytes, () => ' ')}\n`
}
