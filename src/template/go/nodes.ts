import type { NumberLiteral } from './number-literal.ts'
import { quote } from './quote.ts'

type At = {
  /** Offset in the template, in UTF-16 units. */
  readonly at: number
}

export type NumberNode = At & { readonly kind: 'number'; readonly literal: NumberLiteral }
export type FieldNode = At & { readonly kind: 'field'; readonly names: readonly string[] }
export type VariableNode = At & {
  readonly kind: 'variable'
  /** With its dollar sign. */
  readonly variable: string
  readonly names: readonly string[]
}
export type ChainNode = At & {
  readonly kind: 'chain'
  readonly node: OperandNode
  readonly names: readonly string[]
}
export type IdentifierNode = At & { readonly kind: 'identifier'; readonly name: string }

export type OperandNode =
  | (At & { readonly kind: 'bool'; readonly value: boolean })
  | (At & { readonly kind: 'dot' | 'nil' })
  | (At & { readonly kind: 'string'; readonly source: string; readonly value: string })
  | NumberNode
  | FieldNode
  | VariableNode
  | ChainNode
  | IdentifierNode
  | PipeNode

export type CommandNode = At & {
  readonly kind: 'command'
  readonly first: OperandNode
  readonly args: readonly OperandNode[]
}

export type PipeNode = At & {
  readonly kind: 'pipe'
  /** Variables that are set, with their dollar signs. */
  readonly variables: readonly string[]
  /** `=` instead of `:=`. */
  readonly isAssignment: boolean
  readonly commands: readonly CommandNode[]
}

export type BranchNode = At & {
  readonly kind: 'if' | 'with' | 'range'
  readonly pipe: PipeNode
  readonly body: readonly StatementNode[]
  readonly otherwise: readonly StatementNode[]
}

export type TemplateNode = At & {
  readonly kind: 'template'
  readonly name: string
  readonly pipe: PipeNode | undefined
}

export type StatementNode =
  | (At & { readonly kind: 'text'; readonly text: string })
  | (At & { readonly kind: 'action'; readonly pipe: PipeNode })
  | (At & { readonly kind: 'break' | 'continue' })
  | BranchNode
  | TemplateNode

/** A parsed template: the main one, or one that `define` or `block` made. */
export type Tree = {
  readonly name: string
  readonly body: readonly StatementNode[]
}

/** What error messages can point at. */
export type Node = StatementNode | CommandNode | OperandNode

const fields = (names: readonly string[]): string => names.map((name) => `.${name}`).join('')

function printPipe(pipe: PipeNode): string {
  const assigned = pipe.variables.join(', ')
  const operator = pipe.isAssignment ? '=' : ':='
  const commands = pipe.commands.map(printNode).join(' | ')
  return assigned === '' ? commands : `${assigned} ${operator} ${commands}`
}

const inParens = (node: Node): string =>
  node.kind === 'pipe' ? `(${printNode(node)})` : printNode(node)

/** A node as Go prints it in error messages. */
export function printNode(node: Node): string {
  switch (node.kind) {
    case 'bool':
      return String(node.value)
    case 'dot':
      return '.'
    case 'nil':
      return 'nil'
    case 'number':
      return node.literal.text
    case 'string':
      return node.source
    case 'field':
      return fields(node.names)
    case 'variable':
      return node.variable + fields(node.names)
    case 'chain':
      return inParens(node.node) + fields(node.names)
    case 'identifier':
      return node.name
    case 'pipe':
      return printPipe(node)
    case 'command':
      return [node.first, ...node.args].map(inParens).join(' ')
    case 'text':
      return node.text
    case 'action':
      return `{{${printPipe(node.pipe)}}}`
    case 'template': {
      const pipe = node.pipe === undefined ? '' : ` ${printPipe(node.pipe)}`
      return `{{template ${quote(node.name)}${pipe}}}`
    }
    case 'break':
    case 'continue':
      return `{{${node.kind}}}`
    case 'if':
    case 'with':
    case 'range':
      break
  }
  return `{{${node.kind} ${printPipe(node.pipe)}}}`
}

/** Whether a body gives nothing but white space, so that another definition may replace it. */
export function isBlank(body: readonly StatementNode[]): boolean {
  return body.every((node) => node.kind === 'text' && node.text.trim() === '')
}
