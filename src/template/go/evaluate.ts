import { messageOf } from '../../model/errors.ts'
import { idealNumber, literalAs, received, validated } from './arguments.ts'
import { builtins } from './builtins.ts'
import { callFailure } from './failure.ts'
import { findField } from './fields.ts'
import { fail, findVariable } from './frame.ts'
import type { Frame } from './frame.ts'
import { prepared } from './indexing.ts'
import { printNode } from './nodes.ts'
import type { CommandNode, Node, OperandNode, PipeNode } from './nodes.ts'
import { isTrue } from './truth.ts'
import { canBeNil } from './types.ts'
import type { GoType } from './types.ts'
import { isA, typeOf, unboxed, zeroOf } from './values.ts'
import type { GoFunction, Reflected } from './values.ts'

/** In place of the value that a pipeline passes on: there is none, as in its first command. */
const nothing = Symbol('nothing passed on')
type Passed = Reflected | typeof nothing

/** What evaluation needs to know where it is: the call of a template, and its dot. */
export type Scope = { readonly frame: Frame; readonly dot: Reflected }

/** The value of a pipeline; sets the variables it names. */
export function evaluatePipe(scope: Scope, pipe: PipeNode): Reflected {
  const { frame } = scope
  frame.run.at = pipe
  let passed: Passed = nothing
  for (const command of pipe.commands) passed = unboxed(evaluateCommand(scope, command, passed))
  const value = passed === nothing ? undefined : passed
  for (const name of pipe.variables) {
    if (pipe.isAssignment) findVariable(frame, name).value = value
    else frame.variables.push({ name, value })
  }
  return value
}

function evaluateCommand(scope: Scope, command: CommandNode, passed: Passed): Reflected {
  const [first, ...args] = command.operands
  if (first === undefined) return undefined
  if (first.kind === 'field' || first.kind === 'chain' || first.kind === 'variable') {
    return evaluateChain(scope, first, args, passed)
  }
  if (first.kind === 'identifier') return callNamed(scope, first, command, args, passed)
  if (first.kind !== 'pipe') scope.frame.run.at = first
  refuseArguments(scope.frame, first, args, passed)
  return first.kind === 'nil'
    ? fail(scope.frame, 'nil is not a command')
    : evaluateFreely(scope, first)
}

function refuseArguments(
  frame: Frame,
  node: OperandNode,
  args: readonly OperandNode[],
  passed: Passed,
): void {
  if (args.length === 0 && passed === nothing) return
  fail(frame, `can't give argument to non-function ${printNode(node)}`)
}

/** `.a.b`, `$x.a.b` or `(…).a.b`; arguments are for a method at the end. */
function evaluateChain(
  scope: Scope,
  node: Extract<OperandNode, { kind: 'field' | 'chain' | 'variable' }>,
  args: readonly OperandNode[],
  passed: Passed,
): Reflected {
  const { frame, dot } = scope
  frame.run.at = node
  let receiver = dot
  if (node.kind === 'variable') {
    receiver = findVariable(frame, node.variable).value
    if (node.names.length === 0) refuseArguments(frame, node, args, passed)
  }
  if (node.kind === 'chain') {
    if (node.node.kind === 'nil') {
      fail(frame, `indirection through explicit nil in ${printNode(node)}`)
    }
    receiver = evaluateFreely(scope, node.node)
  }
  node.names.forEach((name, position) => {
    const isLast = position === node.names.length - 1
    receiver = isLast
      ? evaluateField(scope, node, name, receiver, args, passed)
      : evaluateField(scope, node, name, receiver, [], nothing)
  })
  return receiver
}

function evaluateField(
  scope: Scope,
  node: OperandNode,
  name: string,
  receiver: Reflected,
  args: readonly OperandNode[],
  passed: Passed,
): Reflected {
  const { frame } = scope
  const found = findField(receiver, {
    name,
    hasArguments: args.length > 0 || passed !== nothing,
    missingKey: frame.run.missingKey,
    fail: (message) => fail(frame, message),
  })
  if ('value' in found) return found.value
  return callFunction(scope, { name, callee: found.method, node, args, passed })
}

/** An operand that is not given to a parameter with a type of its own. */
function evaluateFreely(scope: Scope, node: OperandNode): Reflected {
  const { frame } = scope
  frame.run.at = node
  switch (node.kind) {
    case 'bool':
    case 'string':
      return node.value
    case 'number':
      return idealNumber(node.literal, (message) => fail(frame, message))
    case 'dot':
      return scope.dot
    case 'nil':
      return undefined
    case 'field':
    case 'variable':
    case 'chain':
      return evaluateChain(scope, node, [], nothing)
    case 'identifier':
      return callNamed(scope, node, node, [], nothing)
    case 'pipe':
      break
  }
  return evaluatePipe(scope, node)
}

/** An operand as an argument for a parameter of a type. */
function evaluateArgument(scope: Scope, node: OperandNode, type: GoType): Reflected {
  const { frame } = scope
  const stop = (message: string): never => fail(frame, message)
  frame.run.at = node
  if (node.kind === 'nil') {
    return canBeNil(type) ? zeroOf(type) : stop(`cannot assign nil to ${type.name}`)
  }
  const isLiteral = node.kind === 'bool' || node.kind === 'string' || node.kind === 'number'
  if (isLiteral && type.kind !== 'interface' && type.kind !== 'reflected') {
    return literalAs(node, type, stop)
  }
  return validated(evaluateFreely(scope, node), type, stop)
}

type Call = {
  readonly name: string
  readonly callee: GoFunction
  /** What error messages point at when the call fails. */
  readonly node: Node
  readonly args: readonly OperandNode[]
  readonly passed: Passed
}

function callNamed(
  scope: Scope,
  identifier: Extract<OperandNode, { kind: 'identifier' }>,
  node: Node,
  args: readonly OperandNode[],
  passed: Passed,
): Reflected {
  const { run } = scope.frame
  const { name } = identifier
  run.at = identifier
  const call: Omit<Call, 'callee'> = { name, node, args, passed }
  const own = run.functions.get(name)
  if (own !== undefined) return callFunction(scope, { ...call, callee: own })
  const callee = builtins[name] ?? fail(scope.frame, `"${name}" is not a defined function`)
  checkCount(scope.frame, { ...call, callee })
  if (name === 'and' || name === 'or') return shortCircuit(scope, { ...call, callee })
  if (name !== 'call') return callFunction(scope, { ...call, callee })
  const [target, ...given] = argumentsOf(scope, { ...call, callee })
  return guarded(scope.frame, { ...call, callee }, () =>
    callValue(args[0] === undefined ? 'value' : printNode(args[0]), target, given),
  )
}

function checkCount(frame: Frame, { name, callee, args, passed }: Call): void {
  const count = args.length + (passed === nothing ? 0 : 1)
  const wanted = callee.parameters.length
  const wrong = (want: string, got: number) =>
    fail(frame, `wrong number of args for ${name}: want ${want} got ${got}`)
  if (callee.rest === undefined && count !== wanted) wrong(String(wanted), count)
  if (count < wanted) wrong(`at least ${wanted}`, args.length)
}

/** Evaluates no more arguments than are needed. */
function shortCircuit(scope: Scope, { name, callee, args, passed }: Call): Reflected {
  const type = callee.rest
  if (type === undefined) return undefined
  let value: Reflected
  for (const arg of args) {
    value = evaluateArgument(scope, arg, type)
    if (isTrue(value) === (name === 'or')) return value
  }
  return passed === nothing ? value : passed
}

/** The arguments of a call, each checked against its parameter, the passed-on value last. */
function argumentsOf(scope: Scope, { callee, args, passed }: Call): readonly Reflected[] {
  const { frame } = scope
  const typeAt = (position: number) => callee.parameters[position] ?? callee.rest
  const values = args.map((arg, position) => {
    const type = typeAt(position)
    return type === undefined ? undefined : evaluateArgument(scope, arg, type)
  })
  const type = typeAt(args.length)
  if (passed === nothing || type === undefined) return values
  return [...values, validated(passed, type, (message) => fail(frame, message))]
}

function callFunction(scope: Scope, call: Call): Reflected {
  checkCount(scope.frame, call)
  const values = argumentsOf(scope, call)
  return guarded(scope.frame, call, () => invoke(call.callee, values))
}

/** Whatever a function throws is a failure of the template, at the place of the call. */
function guarded(frame: Frame, { name, node }: Call, call: () => Reflected): Reflected {
  try {
    return call()
  } catch (error) {
    frame.run.at = node
    return fail(frame, `error calling ${name}: ${messageOf(error)}`, error)
  }
}

function invoke(callee: GoFunction, values: readonly Reflected[]): Reflected {
  const anyCall = callee.call as (...args: readonly unknown[]) => Reflected
  return anyCall(
    ...values.map((value, position) => {
      const type = callee.parameters[position] ?? callee.rest
      return type === undefined ? value : received(value, type)
    }),
  )
}

/** Go's `call`: calls a function that is a value. */
function callValue(name: string, target: Reflected, given: readonly Reflected[]): Reflected {
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
    const type = parameters[position] ?? rest
    try {
      return type === undefined ? value : prepared(unboxed(value), type)
    } catch (error) {
      throw callFailure(`arg ${position}: ${messageOf(error)}`, error)
    }
  })
  return invoke(callee, values)
}
