import { printNode } from './nodes.ts'
import type { BranchNode, StatementNode, Tree } from './nodes.ts'
import { quote } from './quote.ts'

/**
 * The text of a template with the usual delimiters, definitions first. Parsed again it gives the
 * same trees, but for the positions: what was trimmed away, comments and other ways to write the
 * same are lost.
 */
export function printTrees(trees: ReadonlyMap<string, Tree>, mainName: string): string {
  const definitions = Array.from(trees.values(), ({ name, body }) =>
    name === mainName ? '' : `{{define ${quote(name)}}}${printBody(body)}{{end}}`,
  )
  return definitions.join('') + printBody(trees.get(mainName)?.body ?? [])
}

function printBody(body: readonly StatementNode[]): string {
  return body.map((node, index) => printStatement(node, body[index + 1])).join('')
}

function printStatement(node: StatementNode, next: StatementNode | undefined): string {
  switch (node.kind) {
    case 'text':
      return printText(node.text, next?.kind === 'text')
    case 'if':
    case 'with':
    case 'range':
      return printBranch(node)
    case 'action':
    case 'template':
    case 'break':
    case 'continue':
      break
  }
  return printNode(node)
}

/**
 * A comment keeps two texts apart, and a brace from the braces of what follows. The space is
 * trimmed away again.
 */
function printText(text: string, isBeforeText: boolean): string {
  if (text.endsWith('{')) return `${text} {{- /**/}}`
  return isBeforeText ? `${text}{{/**/}}` : text
}

function printBranch(node: BranchNode): string {
  const otherwise = node.otherwise.length === 0 ? '' : `{{else}}${printBody(node.otherwise)}`
  return `${printNode(node)}${printBody(node.body)}${otherwise}{{end}}`
}
