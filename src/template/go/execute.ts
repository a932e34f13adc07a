import { joined } from './byte-text.ts'
import { evaluatePipe } from './evaluate.ts'
import { reasonOf } from './failure.ts'
import { show } from './fmt/print-value.ts'
import { fail, findVariable, spend, write } from './frame.ts'
import type { Frame, Run } from './frame.ts'
import { indirect } from './indexing.ts'
import { elementAt, keyAt, sequenceOf } from './iteration.ts'
import type { Sequence } from './iteration.ts'
import { printNode } from './nodes.ts'
import type { BranchNode, PipeNode, StatementNode, TemplateNode } from './nodes.ts'
import { textOfOutput } from './output.ts'
import { quote } from './quote.ts'
import { isTrue } from './truth.ts'
import { isA, typeOf, unboxed } from './values.ts'
import type { Reflected } from './values.ts'

/** How many variables and bodies may be open at once: some 200 MB of them. */
const mostOpen = 1_000_000

/** A `range` that is being run. */
type Loop = {
  readonly pipe: PipeNode
  readonly sequence: Sequence
  /** Of the iteration that is next. */
  position: number
  /** How many variables there are when an iteration begins. */
  readonly mark: number
}

/**
 * A body that is being run. They are kept on a stack of our own, since templates may call each
 * other deeper than JavaScript's stack is.
 */
type Activity = {
  readonly frame: Frame
  readonly body: readonly StatementNode[]
  dot: Reflected
  /** The statement that is next. */
  next: number
  /** How many variables there are when the body has been left. */
  readonly mark: number
  readonly loop: Loop | undefined
}

/** Innermost last. */
type Activities = Activity[]

/** Runs a template and gives its output. */
export function executeTree(run: Run, name: string, value: Reflected): string {
  const frame: Frame = {
    run,
    templateName: name,
    variables: [{ name: '$', value }],
    depth: 0,
    variablesBelow: 0,
  }
  const body = run.trees.get(name)?.body ?? []
  const open = [{ frame, body, dot: value, next: 0, mark: 0, loop: undefined }]
  for (let activity = open.at(-1); activity !== undefined; activity = open.at(-1)) {
    advance(open, activity)
  }
  return joined(textOfOutput(run.output))
}

/** Runs the next statement of a body, or what comes behind the last one. */
function advance(open: Activities, activity: Activity): void {
  const node = activity.body[activity.next]
  if (node === undefined) {
    if (activity.loop === undefined || !hasIterated(activity, activity.loop)) leave(open)
    return
  }
  activity.next++
  const { frame } = activity
  frame.run.at = node
  spend(frame, 1)
  switch (node.kind) {
    case 'text':
      return write(frame, node.text, node)
    case 'action':
      return printAction(activity, node)
    case 'if':
    case 'with':
      return enterBranch(open, activity, node)
    case 'range':
      return enterRange(open, activity, node)
    case 'template':
      return enterTemplate(open, activity, node)
    case 'break':
    case 'continue':
      return jump(open, node.kind)
  }
}

/** Ends the innermost body, and with it its variables. */
function leave(open: Activities): void {
  const activity = open.pop()
  if (activity !== undefined) dropVariables(activity.frame, activity.mark)
}

function dropVariables({ variables }: Frame, mark: number): void {
  if (variables.length > mark) variables.length = mark
}

/** Prints what an action gives, unless it only sets variables. */
function printAction(activity: Activity, node: Extract<StatementNode, { kind: 'action' }>): void {
  const { frame } = activity
  const value = evaluatePipe(activity, node.pipe)
  if (node.pipe.variables.length > 0) return
  frame.run.at = node
  const inside = typeof value === 'object' ? unboxed(indirect(value).value) : value
  if (isA(inside, 'function')) {
    fail(frame, `can't print ${printNode(node)} of type ${typeOf(inside).name}`)
  }
  if (inside === undefined) write(frame, '<no value>', node)
  else write(frame, typeof inside === 'string' ? inside : shown(frame, inside), node)
}

/** A value as `%v` prints it, which may be too nested or too large. */
function shown(frame: Frame, value: Reflected): string {
  try {
    return show(value, frame.run.limits.textBytes)
  } catch (error) {
    return fail(frame, reasonOf(error), error)
  }
}

function enterBranch(open: Activities, { frame, dot }: Activity, node: BranchNode): void {
  const mark = frame.variables.length
  const value = evaluatePipe({ frame, dot }, node.pipe)
  const isTaken = isTrue(value)
  open.push({
    frame,
    body: isTaken ? node.body : node.otherwise,
    dot: isTaken && node.kind === 'with' ? value : dot,
    next: 0,
    mark,
    loop: undefined,
  })
}

function enterRange(open: Activities, { frame, dot }: Activity, node: BranchNode): void {
  const mark = frame.variables.length
  const { value } = indirect(evaluatePipe({ frame, dot }, node.pipe))
  const sequence =
    sequenceOf(value) ?? fail(frame, `range can't iterate over ${shown(frame, value)}`)
  if (!(sequence.length > 0)) {
    open.push({ frame, body: node.otherwise, dot, next: 0, mark, loop: undefined })
    return
  }
  // A map's entries have been sorted.
  if (Array.isArray(sequence.over)) spend(frame, sequence.length)
  const loop = { pipe: node.pipe, sequence, position: 0, mark: frame.variables.length }
  open.push({ frame, body: node.body, dot, next: node.body.length, mark, loop })
}

/** Begins the next iteration of a `range`; false when there is none. */
function hasIterated(activity: Activity, loop: Loop): boolean {
  const { frame } = activity
  dropVariables(frame, loop.mark)
  const { sequence, position } = loop
  if (position >= sequence.length) return false
  frame.run.at = loop.pipe
  spend(frame, 1)
  const element = elementAt(sequence, position)
  const [first, second] = loop.pipe.variables
  if (first !== undefined) {
    findVariable(frame, first).value = second === undefined ? element : keyAt(sequence, position)
  }
  if (second !== undefined) findVariable(frame, second).value = element
  activity.dot = element
  activity.next = 0
  loop.position++
  return true
}

/** Leaves the bodies inside the innermost `range`, and its own: up to its next iteration, or all. */
function jump(open: Activities, kind: 'break' | 'continue'): void {
  for (let activity = open.at(-1); activity !== undefined; activity = open.at(-1)) {
    if (activity.loop !== undefined && kind === 'continue') {
      activity.next = activity.body.length
      return
    }
    leave(open)
    if (activity.loop !== undefined) return
  }
}

function enterTemplate(open: Activities, { frame, dot }: Activity, node: TemplateNode): void {
  const { run, depth, variables, variablesBelow } = frame
  const tree = run.trees.get(node.name)
  if (tree === undefined) return fail(frame, `template ${quote(node.name)} not defined`)
  if (depth === run.limits.depth) fail(frame, `exceeded maximum template depth (${depth})`)
  const below = variablesBelow + variables.length
  if (below + open.length > mostOpen) {
    fail(frame, `more than ${mostOpen} variables and bodies of templates that call each other`)
  }
  const value = node.pipe === undefined ? undefined : evaluatePipe({ frame, dot }, node.pipe)
  const called: Frame = {
    run,
    templateName: tree.name,
    variables: [{ name: '$', value }],
    depth: depth + 1,
    variablesBelow: below,
  }
  open.push({ frame: called, body: tree.body, dot: value, next: 0, mark: 0, loop: undefined })
}
