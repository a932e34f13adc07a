import { fail } from './frame.ts'
import type { Frame } from './frame.ts'
import type { OperandNode } from './nodes.ts'
import { printNode } from './nodes.ts'
import type { NumberLiteral } from './number-literal.ts'
import { canBeNil, isAssignable } from './types.ts'
import type { BasicType, GoType } from './types.ts'
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

function wrongLiteral(frame: Frame, node: OperandNode, wanted: string): never {
  return fail(frame, `expected ${wanted}; found ${printNode(node)}`)
}

/** A literal as an argument of a type; the node's own evaluation is for `interface {}`. */
export function literalAs(frame: Frame, node: OperandNode, type: GoType): Reflected {
  const literal = node.kind === 'number' ? node.literal : undefined
  switch (type.kind) {
    case 'bool':
      return node.kind === 'bool' ? node.value : wrongLiteral(frame, node, 'bool')
    case 'string':
      return node.kind === 'string' ? node.value : wrongLiteral(frame, node, 'string')
    case 'float':
      return literal?.float ?? wrongLiteral(frame, node, 'float')
    case 'complex':
      return literal?.complex ?? wrongLiteral(frame, node, 'complex')
    case 'int':
      return integerOf(type, literal?.int ?? wrongLiteral(frame, node, 'integer'))
    case 'uint':
      return integerOf(type, literal?.uint ?? wrongLiteral(frame, node, 'unsigned integer'))
    case 'function':
    case 'interface':
    case 'reflected':
    case 'slice':
    case 'map':
    case 'pointer':
    case 'struct':
      break
  }
  return fail(frame, `can't handle ${printNode(node)} for arg of type ${type.name}`)
}

const integerOf = (type: BasicType, value: bigint): Reflected =>
  type.name === 'int' ? value : { kind: 'integer', type, value }

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
