import { received } from './arguments.ts'
import { callFailure, reasonOf } from './failure.ts'
import { fail, spend } from './frame.ts'
import type { Frame } from './frame.ts'
import { prepared } from './indexing.ts'
import { printNode } from './nodes.ts'
import type { Node, OperandNode } from './nodes.ts'
import { isA, typeOf, unboxed } from './values.ts'
import type { GoFunction, Reflected } from './values.ts'

/** In place of the value that a pipeline passes on: there is none, as in its first command. */
export const nothing = Symbol('nothing passed on')
export type Passed = Reflected | typeof nothing

export type Call = {
  readonly name: string
  readonly callee: GoFunction
  /** What error messages point at when the call fails. */
  readonly node: Node
  readonly args: readonly OperandNode[]
  readonly passed: Passed
}

/** How much of a text, and how many items, are work of one step. */
const bytesOfStep = 8
const itemsOfStep = 32
/** Of a list that a function is given: it may look at each. */
const givenItemsOfStep = 8
const bytesOfItem = 32

export function checkCount(frame: Frame, { name, callee, args, passed }: Call): void {
  const count = args.length + (passed === nothing ? 0 : 1)
  const wanted = callee.parameters.length
  if (callee.rest === undefined && count !== wanted) {
    fail(frame, `wrong number of args for ${name}: want ${wanted} got ${count}`)
  }
  if (count < wanted) {
    fail(frame, `wrong number of args for ${name}: want at least ${wanted} got ${args.length}`)
  }
}

/** The type of a function's parameter; undefined: there is no such one. */
export function parameterAt({ parameters, rest }: GoFunction, position: number) {
  return parameters[position] ?? rest
}

/**
 * Calls a function with arguments that are fit for it. Whatever it throws is a failure of the
 * template, at the place of the call.
 */
export function perform(frame: Frame, call: Call, values: readonly Reflected[]): Reflected {
  const { callee, node, name, args } = call
  const isBuiltin = frame.run.builtins[name] === callee
  spend(frame, workOn(values, isBuiltin))
  let result: Reflected
  try {
    result =
      isBuiltin && name === 'call'
        ? callValue(args[0] === undefined ? 'value' : printNode(args[0]), values)
        : invoke(callee, values)
  } catch (error) {
    frame.run.at = node
    fail(frame, `error calling ${name}: ${reasonOf(error)}`, error)
  }
  countMade(frame, call, result)
  return result
}

/** The steps that a function takes for its arguments; Go's own do not go through lists. */
function workOn(values: readonly Reflected[], isBuiltin: boolean): number {
  let steps = 1 + values.length
  for (const value of values) {
    const inside = unboxed(value)
    if (typeof inside === 'string') steps += inside.length / bytesOfStep
    else if (!isBuiltin && typeof inside === 'object') steps += itemsIn(inside) / givenItemsOfStep
  }
  return steps
}

function itemsIn(value: Extract<Reflected, object>): number {
  if (value instanceof Uint8Array) return value.length
  if (value.kind === 'list') return value.items.length
  return value.kind === 'map' ? value.entries.size : 0
}

/** Counts what a function has made. A list that it has given before was not made now. */
function countMade(frame: Frame, { node, name }: Call, result: Reflected): void {
  const { allowance, counted, limits } = frame.run
  const value = unboxed(result)
  if (typeof value === 'string') {
    spend(frame, value.length / bytesOfStep)
    allowance.madeBytes -= value.length
    if (value.length > limits.textBytes) {
      frame.run.at = node
      fail(frame, `error calling ${name}: text of more than ${limits.textBytes} bytes`)
    }
  } else if (typeof value === 'object') {
    const items = itemsIn(value)
    if (items === 0 || counted.has(value)) return
    counted.add(value)
    spend(frame, items / itemsOfStep)
    allowance.madeBytes -= items * bytesOfItem
  }
  if (allowance.madeBytes >= 0) return
  frame.run.at = node
  fail(frame, `functions have made more than ${limits.madeBytes} bytes`)
}

function invoke(callee: GoFunction, values: readonly Reflected[]): Reflected {
  const given: unknown[] = []
  for (let position = 0; position < values.length; position++) {
    const type = parameterAt(callee, position)
    const value = values[position]
    given.push(type === undefined ? value : received(value, type))
  }
  return (callee.call as (...args: readonly unknown[]) => Reflected)(...given)
}

/** Go's `call`: calls a function that is a value. */
function callValue(name: string, [target, ...given]: readonly Reflected[]): Reflected {
  const callee = unboxed(target)
  if (callee === undefined) throw callFailure('call of nil')
  if (!isA(callee, 'function'))
    throw callFailure(`non-function ${name} of type ${typeOf(callee).name}`)
  const { parameters, rest } = callee
  const wrong = (want: string) =>
    callFailure(`wrong number of args for ${name}: got ${given.length} want ${want}`)
  if (rest === undefined && given.length !== parameters.length) {
    throw wrong(String(parameters.length))
  }
  if (given.length < parameters.length) throw wrong(`at least ${parameters.length}`)
  const values = given.map((value, position) => {
    const type = parameterAt(callee, position)
    try {
      return type === undefined ? value : prepared(unboxed(value), type)
    } catch (error) {
      throw callFailure(`arg ${position}: ${reasonOf(error)}`, error)
    }
  })
  return invoke(callee, values)
}
