import type { CommandNode, OperandNode, PipeNode } from './nodes.ts'
import { printNode } from './nodes.ts'
import { parseNumber, runeLiteral } from './number-literal.ts'
import { quote } from './quote.ts'
import type { TokenReader } from './token-reader.ts'
import type { Token, TokenKind } from './tokens.ts'
import { unquote, unquoteRune } from './unquote.ts'

/** What parsing one template knows. */
export type Parsing = {
  readonly reader: TokenReader
  readonly isFunction: (name: string) => boolean
  /** The variables that can be named, innermost last. */
  readonly variables: string[]
  /** How many `range` are open. */
  rangeDepth: number
  /** How many of each are open; shared by all templates of a text. */
  readonly nesting: { parentheses: number; statements: number }
}

/**
 * How deep parentheses and statements may be nested. Go's parser has limits too, higher ones; these
 * keep the parser, and the evaluator of what is in parentheses, far from the end of the stack.
 */
const greatestDepths = { parentheses: 300, statements: 1000 }

/** Runs a part of the parser one level deeper. */
export function nested<Result>(
  parsing: Parsing,
  what: keyof typeof greatestDepths,
  parse: () => Result,
): Result {
  const { nesting, reader } = parsing
  if (++nesting[what] > greatestDepths[what]) reader.fail('max expression depth exceeded')
  const result = parse()
  nesting[what]--
  return result
}

/** Looking for a variable goes through all of them. */
const mostVariables = 1000

const operandKinds: readonly TokenKind[] = [
  'bool',
  'rune',
  'complex',
  'dot',
  'field',
  'identifier',
  'number',
  'nil',
  'rawString',
  'string',
  'variable',
  'leftParen',
]

/** What has no fields, and is no first operand behind a pipe symbol either. */
const fieldless: readonly string[] = ['bool', 'dot', 'nil', 'number', 'string']

/** A pipeline up to the token that ends it. The context names it in error messages. */
export function parsePipeline(
  parsing: Parsing,
  context: string,
  end: 'rightDelim' | 'rightParen',
): PipeNode {
  const { reader } = parsing
  const { at } = reader.peekNonSpace()
  const assigned = parseVariables(parsing, context)
  const commands: CommandNode[] = []
  for (;;) {
    const token = reader.peekNonSpace()
    if (token.kind === end) break
    if (!operandKinds.includes(token.kind)) {
      reader.next()
      reader.unexpected(token, context)
    }
    commands.push(parseCommand(parsing))
  }
  reader.next()
  checkCommands(reader, commands, context)
  return { kind: 'pipe', at, ...assigned, commands }
}

/** The `$x :=`, `$x =` or `$i, $x :=` in front of a pipeline, if there is one. */
function parseVariables(
  parsing: Parsing,
  context: string,
): Pick<PipeNode, 'variables' | 'isAssignment'> {
  const { reader } = parsing
  const variables: string[] = []
  while (reader.peekNonSpace().kind === 'variable') {
    const before = reader.position
    const variable = reader.next()
    const operator = reader.peekNonSpace()
    const isComma = operator.kind === 'char' && operator.text === ','
    if (operator.kind !== 'assign' && operator.kind !== 'declare' && !isComma) {
      reader.position = before
      break
    }
    reader.next()
    variables.push(variable.text)
    parsing.variables.push(variable.text)
    if (parsing.variables.length > mostVariables) {
      reader.fail(`more than ${mostVariables} variables in one place`)
    }
    if (!isComma) return { variables, isAssignment: operator.kind === 'assign' }
    if (context !== 'range' || variables.length > 1) {
      reader.fail(`too many declarations in ${context}`)
    }
    if (!['variable', 'rightDelim', 'rightParen'].includes(reader.peekNonSpace().kind)) {
      reader.fail('range can only initialize variables')
    }
  }
  return { variables, isAssignment: false }
}

function checkCommands(
  reader: TokenReader,
  commands: readonly CommandNode[],
  context: string,
): void {
  if (commands.length === 0) reader.fail(`missing value for ${context}`)
  commands.forEach(({ first }, index) => {
    if (index > 0 && fieldless.includes(first.kind)) {
      reader.fail(`non executable command in pipeline stage ${index + 1}`)
    }
  })
}

function parseCommand(parsing: Parsing): CommandNode {
  const { reader } = parsing
  const { at } = reader.peekNonSpace()
  const operands: OperandNode[] = []
  for (;;) {
    reader.peekNonSpace()
    const operand = parseOperand(parsing)
    if (operand !== undefined) operands.push(operand)
    const token = reader.peek()
    if (token.kind === 'rightDelim' || token.kind === 'rightParen') break
    reader.next()
    if (token.kind === 'pipe') break
    if (token.kind !== 'space') reader.unexpected(token, 'operand')
  }
  const [first, ...args] = operands
  return first === undefined ? reader.fail('empty command') : { kind: 'command', at, first, args }
}

/** A term with the fields that are chained to it. */
function parseOperand(parsing: Parsing): OperandNode | undefined {
  const { reader } = parsing
  const term = parseTerm(parsing)
  const { at, kind } = reader.peek()
  if (term === undefined || kind !== 'field') return term
  const names: string[] = []
  while (reader.peek().kind === 'field') names.push(reader.next().text.slice(1))
  if (term.kind === 'field' || term.kind === 'variable') {
    return { ...term, at, names: [...term.names, ...names] }
  }
  if (fieldless.includes(term.kind)) {
    reader.fail(`unexpected . after term ${quote(printNode(term))}`)
  }
  return { kind: 'chain', at, node: term, names }
}

/** A literal, function, field, variable or something in parentheses; undefined if none stands here. */
function parseTerm(parsing: Parsing): OperandNode | undefined {
  const { reader } = parsing
  const token = reader.peekNonSpace()
  if (!operandKinds.includes(token.kind)) return undefined
  reader.next()
  const { at, text, kind } = token
  if (kind === 'dot' || kind === 'nil') return { kind, at }
  if (kind === 'field') return { kind, at, names: [text.slice(1)] }
  if (kind === 'bool') return { kind, at, value: text === 'true' }
  if (kind === 'identifier') {
    if (!parsing.isFunction(text)) reader.fail(`function ${quote(text)} not defined`)
    return { kind, at, name: text }
  }
  if (kind === 'variable') {
    if (!parsing.variables.includes(text)) reader.fail(`undefined variable ${quote(text)}`)
    return { kind, at, variable: text, names: [] }
  }
  if (kind === 'leftParen') {
    return nested(parsing, 'parentheses', () =>
      parsePipeline(parsing, 'parenthesized pipeline', 'rightParen'),
    )
  }
  if (kind === 'string' || kind === 'rawString') {
    return { kind: 'string', at, source: text, value: parseString(reader, token) }
  }
  return parseNumberTerm(reader, token)
}

/** What a string constant means. */
export function parseString(reader: TokenReader, token: Token): string {
  return unquote(token.text) ?? reader.fail('invalid syntax')
}

function parseNumberTerm(reader: TokenReader, { kind, text, at }: Token): OperandNode {
  if (kind === 'rune') {
    const rune = unquoteRune(text)
    if (typeof rune !== 'number') return reader.fail(rune.wrong)
    return { kind: 'number', at, literal: runeLiteral(text, rune) }
  }
  const literal = parseNumber(text, kind === 'complex')
  return 'wrong' in literal ? reader.fail(literal.wrong) : { kind: 'number', at, literal }
}
