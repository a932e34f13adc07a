import { tokensOf } from './lexer.ts'
import type { LexerOptions } from './lexer.ts'
import { isBlank } from './nodes.ts'
import type { BranchNode, StatementNode, TemplateNode, Tree } from './nodes.ts'
import { nested, parsePipeline, parseString } from './parse-pipeline.ts'
import type { Parsing } from './parse-pipeline.ts'
import { quote } from './quote.ts'
import { TokenReader } from './token-reader.ts'
import { isKeywordKind } from './tokens.ts'
import type { Token } from './tokens.ts'

/** What ends a list of statements. */
type Stop = { readonly kind: 'end' | 'else'; readonly at: number }

type TreeParsing = Parsing & { readonly trees: Map<string, Tree> }

/**
 * Parses a template and those defined in it, by name. Throws a TemplateError with code
 * `template_syntax`.
 */
export function parseTrees(
  name: string,
  text: string,
  options: LexerOptions,
): ReadonlyMap<string, Tree> {
  const tokens = tokensOf(text, options)
  const parsing: TreeParsing = {
    reader: new TokenReader(name, tokens, { next: 0 }),
    isFunction: options.isFunction,
    variables: ['$'],
    rangeDepth: 0,
    nesting: { parentheses: 0, statements: 0 },
    trees: new Map(),
  }
  addTree(parsing, { name, body: parseMain(parsing) })
  return parsing.trees
}

/** The statements of a whole text; only here may templates be defined. */
function parseMain(parsing: TreeParsing): readonly StatementNode[] {
  const { reader } = parsing
  const body: StatementNode[] = []
  while (reader.peek().kind !== 'eof') {
    const before = reader.position
    if (reader.peek().kind === 'leftDelim') {
      reader.next()
      if (reader.nextNonSpace().kind === 'define') {
        parseDefinition(inner(parsing))
        continue
      }
      reader.position = before
    }
    const statement = parseStatement(parsing)
    if (isStop(statement)) return reader.fail(`unexpected {{${statement.kind}}}`)
    body.push(statement)
  }
  return body
}

/** Parsing of a template that is defined inside: with variables of its own. */
function inner(parsing: TreeParsing): TreeParsing {
  return { ...parsing, reader: parsing.reader.nested(), variables: ['$'], rangeDepth: 0 }
}

/** Of two definitions with one name, one must be blank. */
function addTree({ reader, trees }: TreeParsing, tree: Tree): void {
  const known = trees.get(tree.name)
  if (known === undefined || isBlank(known.body)) trees.set(tree.name, tree)
  else if (!isBlank(tree.body)) {
    reader.fail(`template: multiple definition of template ${quote(tree.name)}`)
  }
}

function parseDefinition(parsing: TreeParsing): void {
  const context = 'define clause'
  const token = parsing.reader.expect(['string', 'rawString'], context)
  const name = parseString(parsing.reader, token)
  parsing.reader.expect(['rightDelim'], context)
  addTree(parsing, { name, body: parseBodyToEnd(parsing, context) })
}

function parseBodyToEnd(parsing: TreeParsing, context: string): readonly StatementNode[] {
  const { body, stop } = parseBody(parsing)
  if (stop.kind !== 'end') parsing.reader.fail(`unexpected {{${stop.kind}}} in ${context}`)
  return body
}

const isStop = (node: StatementNode | Stop): node is Stop =>
  node.kind === 'end' || node.kind === 'else'

/** Statements up to an `end` or `else`, which is read too. */
function parseBody(parsing: TreeParsing): { body: readonly StatementNode[]; stop: Stop } {
  const body: StatementNode[] = []
  while (parsing.reader.peekNonSpace().kind !== 'eof') {
    const statement = parseStatement(parsing)
    if (isStop(statement)) return { body, stop: statement }
    body.push(statement)
  }
  return parsing.reader.fail('unexpected EOF')
}

function parseStatement(parsing: TreeParsing): StatementNode | Stop {
  const { reader } = parsing
  const token = reader.nextNonSpace()
  if (token.kind === 'text') return { kind: 'text', at: token.at, text: token.text }
  if (token.kind !== 'leftDelim') return reader.unexpected(token, 'input')
  reader.actionLine = token.line
  const statement = nested(parsing, 'statements', () => parseAction(parsing))
  reader.actionLine = 0
  return statement
}

function parseAction(parsing: TreeParsing): StatementNode | Stop {
  const { reader } = parsing
  const { kind, at } = reader.peekNonSpace()
  if (!isKeywordKind(kind) || kind === 'define') {
    return { kind: 'action', at, pipe: parsePipeline(parsing, 'command', 'rightDelim') }
  }
  reader.next()
  if (kind === 'block') return parseBlock(parsing)
  if (kind === 'break' || kind === 'continue') return parseJump(parsing, kind, at)
  if (kind === 'else') return parseElse(reader)
  if (kind === 'end') return { kind, at: reader.expect(['rightDelim'], 'end').at }
  return kind === 'template' ? parseTemplateCall(parsing) : parseBranch(parsing, kind)
}

function parseJump(parsing: Parsing, kind: 'break' | 'continue', at: number): StatementNode {
  const { reader, rangeDepth } = parsing
  const token = reader.nextNonSpace()
  if (token.kind !== 'rightDelim') reader.unexpected(token, `{{${kind}}}`)
  if (rangeDepth === 0) reader.fail(`{{${kind}}} outside {{range}}`)
  return { kind, at }
}

function parseElse(reader: TokenReader): Stop {
  const { kind, at } = reader.peekNonSpace()
  // What follows `else` is read as if it stood in an action of its own.
  if (kind === 'if' || kind === 'with') return { kind: 'else', at }
  return { kind: 'else', at: reader.expect(['rightDelim'], 'else').at }
}

function parseBranch(parsing: TreeParsing, kind: BranchNode['kind']): BranchNode {
  const mark = parsing.variables.length
  const pipe = parsePipeline(parsing, kind, 'rightDelim')
  if (kind === 'range') parsing.rangeDepth++
  const { body, stop } = parseBody(parsing)
  if (kind === 'range') parsing.rangeDepth--
  const otherwise = stop.kind === 'else' ? parseOtherwise(parsing, kind) : []
  parsing.variables.length = mark
  return { kind, at: pipe.at, pipe, body, otherwise }
}

/** What stands behind `else`, up to the `end`. */
function parseOtherwise(parsing: TreeParsing, kind: BranchNode['kind']): readonly StatementNode[] {
  const { reader } = parsing
  if ((kind === 'if' || kind === 'with') && reader.peek().kind === kind) {
    reader.next()
    return [nested(parsing, 'statements', () => parseBranch(parsing, kind))]
  }
  const { body, stop } = parseBody(parsing)
  if (stop.kind !== 'end') reader.fail(`expected end; found {{${stop.kind}}}`)
  return body
}

function parseTemplateName(reader: TokenReader, token: Token, context: string): string {
  if (token.kind !== 'string' && token.kind !== 'rawString') reader.unexpected(token, context)
  return parseString(reader, token)
}

function parseTemplateCall(parsing: TreeParsing): TemplateNode {
  const { reader } = parsing
  const context = 'template clause'
  const token = reader.nextNonSpace()
  const name = parseTemplateName(reader, token, context)
  if (reader.peekNonSpace().kind === 'rightDelim') {
    reader.next()
    return { kind: 'template', at: token.at, name, pipe: undefined }
  }
  const pipe = parsePipeline(parsing, context, 'rightDelim')
  return { kind: 'template', at: token.at, name, pipe }
}

/** `block` defines a template and calls it in one. */
function parseBlock(parsing: TreeParsing): TemplateNode {
  const { reader } = parsing
  const context = 'block clause'
  const token = reader.nextNonSpace()
  const name = parseTemplateName(reader, token, context)
  const pipe = parsePipeline(parsing, context, 'rightDelim')
  const block = inner(parsing)
  addTree(block, { name, body: parseBodyToEnd(block, context) })
  return { kind: 'template', at: token.at, name, pipe }
}
