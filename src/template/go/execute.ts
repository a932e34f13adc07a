import { joined } from './byte-text.ts'
import { evaluatePipe } from './evaluate.ts'
import type { Scope } from './evaluate.ts'
import { fail, findVariable, write } from './frame.ts'
import type { Frame, Run } from './frame.ts'
import { sortedEntries } from './fmt/sorted-entries.ts'
import { show } from './fmt/print-value.ts'
import { indirect } from './indexing.ts'
import { printNode } from './nodes.ts'
import type { BranchNode, PipeNode, StatementNode, TemplateNode } from './nodes.ts'
import { quote } from './quote.ts'
import { isTrue } from './truth.ts'
import { uint8Type } from './types.ts'
import { isA, reflect, typeOf, unboxed } from './values.ts'
import type { Reflected } from './values.ts'

/** How deep templates may call each other, as in Go. */
const greatestDepth = 100_000

/** How a list of statements was left: at its end, or by a word for the `range` around it. */
type Outcome = 'end' | 'break' | 'continue'

/**
 * One step down: a body, branch or called template. Steps are run by a loop and not by recursion,
 * since templates may call each other deeper than JavaScript's stack is.
 */
type Step = Generator<() => Step, Outcome, Outcome>

/** Runs a template and gives its output. */
export function executeTree(run: Run, name: string, value: Reflected): string {
  const body = run.trees.get(name)?.body ?? []
  const frame: Frame = {
    run,
    templateName: name,
    variables: [{ name: '$', value }],
    depth: 0,
  }
  runSteps(walkBody({ frame, dot: value }, body))
  return joined(run.output.join(''))
}

function runSteps(first: Step): void {
  const steps = [first]
  let outcome: Outcome = 'end'
  for (let step = steps.at(-1); step !== undefined; step = steps.at(-1)) {
    const result = step.next(outcome)
    outcome = 'end'
    if (result.done === true) {
      outcome = result.value
      steps.pop()
    } else {
      steps.push(result.value())
    }
  }
}

function* walkBody(scope: Scope, body: readonly StatementNode[]): Step {
  const { run } = scope.frame
  for (const node of body) {
    run.at = node
    switch (node.kind) {
      case 'text':
        write(run, node.text, node)
        break
      case 'action':
        printAction(scope, node)
        break
      case 'break':
      case 'continue':
        return node.kind
      case 'if':
      case 'with':
      case 'range':
      case 'template': {
        const outcome = yield () => walkInto(scope, node)
        if (outcome !== 'end') return outcome
      }
    }
  }
  return 'end'
}

function walkInto(scope: Scope, node: BranchNode | TemplateNode): Step {
  if (node.kind === 'template') return walkTemplate(scope, node)
  return node.kind === 'range' ? walkRange(scope, node) : walkBranch(scope, node)
}

/** Prints what an action gives, unless it only sets variables. */
function printAction(scope: Scope, node: Extract<StatementNode, { kind: 'action' }>): void {
  const { frame } = scope
  const value = evaluatePipe(scope, node.pipe)
  if (node.pipe.variables.length > 0) return
  frame.run.at = node
  const shown = indirect(value).value
  const inside = unboxed(shown)
  if (isA(inside, 'function')) {
    fail(frame, `can't print ${printNode(node)} of type ${typeOf(inside).name}`)
  }
  write(frame.run, inside === undefined ? '<no value>' : show(inside), node)
}

function* walkBranch(scope: Scope, node: BranchNode): Step {
  const { variables } = scope.frame
  const mark = variables.length
  const value = evaluatePipe(scope, node.pipe)
  const inner = node.kind === 'with' ? { ...scope, dot: value } : scope
  const outcome = yield () =>
    isTrue(value) ? walkBody(inner, node.body) : walkBody(scope, node.otherwise)
  variables.length = mark
  return outcome
}

type Iteration = { readonly key: Reflected; readonly element: Reflected }

/** What a `range` goes over, in order; undefined for what cannot be iterated. */
function iterations(value: Reflected): Iterable<Iteration> | undefined {
  if (value === undefined) return []
  if (typeof value === 'bigint') return counting(value)
  if (typeof value !== 'object') return undefined
  if (value instanceof Uint8Array) {
    return Array.from(value, (byte, position) => ({
      key: BigInt(position),
      element: { kind: 'integer', type: uint8Type, value: BigInt(byte) },
    }))
  }
  if (isA(value, 'integer')) return counting(value.value)
  if (isA(value, 'map')) return sortedEntries(value).map(([key, element]) => ({ key, element }))
  if (!isA(value, 'list')) return undefined
  return value.items.map((item, position) => ({
    key: BigInt(position),
    element: reflect(item, value.type.element),
  }))
}

function* counting(end: bigint): Iterable<Iteration> {
  for (let value = 0n; value < end; value++) yield { key: value, element: value }
}

/** Sets the variables of a `range` for one iteration: key and element, or only the element. */
function setIteration(frame: Frame, pipe: PipeNode, { key, element }: Iteration): void {
  const values = pipe.variables.length > 1 ? [key, element] : [element]
  pipe.variables.forEach((name, position) => {
    findVariable(frame, name).value = values[position]
  })
}

function* walkRange(scope: Scope, node: BranchNode): Step {
  const { frame } = scope
  const { variables } = frame
  const outer = variables.length
  const { value } = indirect(evaluatePipe(scope, node.pipe))
  const mark = variables.length
  const all = iterations(value) ?? fail(frame, `range can't iterate over ${show(value)}`)
  let isEmpty = true
  for (const iteration of all) {
    isEmpty = false
    setIteration(frame, node.pipe, iteration)
    const outcome = yield () => walkBody({ frame, dot: iteration.element }, node.body)
    variables.length = mark
    if (outcome === 'break') break
  }
  let outcome: Outcome = 'end'
  if (isEmpty) outcome = yield () => walkBody(scope, node.otherwise)
  variables.length = outer
  return outcome
}

function* walkTemplate(scope: Scope, node: TemplateNode): Step {
  const { frame } = scope
  const { run, depth } = frame
  const tree = run.trees.get(node.name)
  if (tree === undefined) return fail(frame, `template ${quote(node.name)} not defined`)
  if (depth === greatestDepth) {
    fail(frame, `exceeded maximum template depth (${greatestDepth})`)
  }
  const dot = node.pipe === undefined ? undefined : evaluatePipe(scope, node.pipe)
  const called: Frame = {
    run,
    templateName: tree.name,
    variables: [{ name: '$', value: dot }],
    depth: depth + 1,
  }
  yield () => walkBody({ frame: called, dot }, tree.body)
  return 'end'
}
