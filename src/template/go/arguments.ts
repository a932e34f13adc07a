import { fail } from './frame.ts'
import type { Frame } from './frame.ts'
import type { OperandNode } from './nodes.ts'
import { printNode } from './nodes.ts'
import type { NumberLiteral } from './number-literal.ts'
import { canBeNil, isAssignable } from './types.ts'
import type { GoType } from './types.ts'
import { isA, typeOf, valueOf, zeroOf } from './values.ts'
import type { Reflected } from './values.ts'

/** The value of a number that is given to no particular type. */
export function idealNumber(frame: Frame, literal: NumberLiteral): Reflected {
  const { text, int, float, complex } = literal
  if (complex !== undefined) return complex
  const isHexInteger = /^0[xX]/.test(text) && !/[pP]/.test(text)
  const isRune = text.startsWith("'")
  if (float !== undefined && !isHexInteger && !isRune && /[.eEpP]/.test(text)) return float
  return int ?? fail(frame, `${text} overflows int`)
}

/** A literal as an argument of a type; the node's own evaluation is for `interface {}`. */
export function literalAs(frame: Frame, node: OperandNode, type: GoType): Reflected {
  const literal = node.kind === 'number' ? node.literal : undefined
  const wrong = (wanted: string): never =>
    fail(frame, `expected ${wanted}; found ${printNode(node)}`)
  if (type.kind === 'bool') return node.kind === 'bool' ? node.value : wrong('bool')
  if (type.kind === 'string') return node.kind === 'string' ? node.value : wrong('string')
  if (type.kind === 'float') return literal?.float ?? wrong('float')
  if (type.kind === 'complex') return literal?.complex ?? wrong('complex')
  if (type.kind !== 'int' && type.kind !== 'uint') {
    return fail(frame, `can't handle ${printNode(node)} for arg of type ${type.name}`)
  }
  const value =
    type.kind === 'int'
      ? (literal?.int ?? wrong('integer'))
      : (literal?.uint ?? wrong('unsigned integer'))
  return type.name === 'int' ? value : { kind: 'integer', type, value }
}

/** A value checked against, and if possible made fit for, the type of a parameter. */
export function validated(frame: Frame, value: Reflected, type: GoType): Reflected {
  if (type.kind === 'reflected') return value
  if (value === undefined) {
    return canBeNil(type) ? zeroOf(type) : fail(frame, `invalid value; expected ${type.name}`)
  }
  if (isAssignable(typeOf(value), type)) return value
  const inside = isA(value, 'interface') ? (value.inside ?? value) : value
  if (isAssignable(typeOf(inside), type)) return inside
  if (isA(inside, 'pointer') && isAssignable(inside.type.element, type)) {
    return inside.target ?? fail(frame, `dereference of nil pointer of type ${type.name}`)
  }
  return fail(frame, `wrong type for value; expected ${type.name}; got ${typeOf(inside).name}`)
}

/** An argument as a function receives it, by the type of its parameter. */
export function received(value: Reflected, type: GoType): unknown {
  if (type.kind === 'reflected') return value
  const inside = valueOf(value)
  return isA(inside, 'integer') && type.kind !== 'interface' ? inside.value : inside
}
