import { idealNumber, literalAs, validated } from './arguments.ts'
import { checkCount, nothing, parameterAt, perform } from './call.ts'
import type { Call, Passed } from './call.ts'
import { findField } from './fields.ts'
import { fail, findVariable, spend } from './frame.ts'
import type { Frame } from './frame.ts'
import { printNode } from './nodes.ts'
import type { CommandNode, IdentifierNode, Node, OperandNode, PipeNode } from './nodes.ts'
import { isTrue } from './truth.ts'
import { canBeNil } from './types.ts'
import type { GoType } from './types.ts'
import { unboxed, zeroOf } from './values.ts'
import type { Reflected } from './values.ts'

/** What evaluation needs to know where it is: the call of a template, and its dot. */
export type Scope = { readonly frame: Frame; readonly dot: Reflected }

const noArguments: readonly OperandNode[] = []

/** The value of a pipeline; sets the variables it names. */
export function evaluatePipe(scope: Scope, pipe: PipeNode): Reflected {
  const { frame } = scope
  frame.run.at = pipe
  spend(frame, 1)
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
  const { first, args } = command
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
  const { names } = node
  let receiver = receiverOf(scope, node)
  if (names.length === 0) refuseArguments(scope.frame, node, args, passed)
  const last = names.length - 1
  spend(scope.frame, last / 8)
  for (let position = 0; position <= last; position++) {
    const name = names[position] ?? ''
    receiver =
      position === last
        ? evaluateField(scope, node, name, receiver, args, passed)
        : evaluateField(scope, node, name, receiver, noArguments, nothing)
  }
  return receiver
}

/** What the fields of a chain start from. */
function receiverOf(
  scope: Scope,
  node: Extract<OperandNode, { kind: 'field' | 'chain' | 'variable' }>,
): Reflected {
  const { frame } = scope
  frame.run.at = node
  if (node.kind === 'field') return scope.dot
  if (node.kind === 'variable') return findVariable(frame, node.variable).value
  if (node.node.kind === 'nil') {
    fail(frame, `indirection through explicit nil in ${printNode(node)}`)
  }
  return evaluateFreely(scope, node.node)
}

function evaluateField(
  scope: Scope,
  node: OperandNode,
  name: string,
  receiver: Reflected,
  args: readonly OperandNode[],
  passed: Passed,
): Reflected {
  const hasArguments = args.length > 0 || passed !== nothing
  const found = findField(scope.frame, receiver, name, hasArguments)
  if (typeof found !== 'object' || !('kind' in found) || found.kind !== 'method') return found
  return callFunction(scope, { name, callee: found.callee, node, args, passed })
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
      return idealNumber(frame, node.literal)
    case 'dot':
      return scope.dot
    case 'nil':
      return undefined
    case 'field':
    case 'variable':
    case 'chain':
      return evaluateChain(scope, node, noArguments, nothing)
    case 'identifier':
      return callNamed(scope, node, node, noArguments, nothing)
    case 'pipe':
      break
  }
  return evaluatePipe(scope, node)
}

/** An operand as an argument for a parameter of a type. */
function evaluateArgument(scope: Scope, node: OperandNode, type: GoType): Reflected {
  const { frame } = scope
  frame.run.at = node
  if (node.kind === 'nil') {
    return canBeNil(type) ? zeroOf(type) : fail(frame, `cannot assign nil to ${type.name}`)
  }
  const isLiteral = node.kind === 'bool' || node.kind === 'string' || node.kind === 'number'
  if (isLiteral && type.kind !== 'interface' && type.kind !== 'reflected') {
    return literalAs(frame, node, type)
  }
  return validated(frame, evaluateFreely(scope, node), type)
}

function callNamed(
  scope: Scope,
  identifier: IdentifierNode,
  node: Node,
  args: readonly OperandNode[],
  passed: Passed,
): Reflected {
  const { run } = scope.frame
  const { name } = identifier
  run.at = identifier
  const own = run.functions.get(name)
  if (own !== undefined) return callFunction(scope, { name, callee: own, node, args, passed })
  const callee = run.builtins[name] ?? fail(scope.frame, `"${name}" is not a defined function`)
  const call: Call = { name, callee, node, args, passed }
  return name === 'and' || name === 'or' ? shortCircuit(scope, call) : callFunction(scope, call)
}

/** Evaluates no more arguments than are needed. */
function shortCircuit(scope: Scope, call: Call): Reflected {
  const { name, callee, args, passed } = call
  checkCount(scope.frame, call)
  const type = callee.rest
  if (type === undefined) return undefined
  spend(scope.frame, 1 + args.length)
  let value: Reflected
  for (const arg of args) {
    value = evaluateArgument(scope, arg, type)
    if (isTrue(value) === (name === 'or')) return value
  }
  return passed === nothing ? value : passed
}

function callFunction(scope: Scope, call: Call): Reflected {
  checkCount(scope.frame, call)
  return perform(scope.frame, call, argumentsOf(scope, call))
}

/** The arguments of a call, each checked against its parameter, the passed-on value last. */
function argumentsOf(scope: Scope, { callee, args, passed }: Call): readonly Reflected[] {
  const values: Reflected[] = []
  for (const arg of args) {
    const type = parameterAt(callee, values.length)
    values.push(type === undefined ? undefined : evaluateArgument(scope, arg, type))
  }
  const type = parameterAt(callee, values.length)
  if (passed !== nothing && type !== undefined) values.push(validated(scope.frame, passed, type))
  return values
}
