import { evaluateCondition } from './conditions.ts'
import type { Knowledge, Truth } from './conditions.ts'
import { firstWord } from './sections.ts'
import { splitWords } from './split-words.ts'

/**
 * The text with its `.if … .endif` blocks decided, as HAProxy reads it (configuration.txt §2.4):
 * directives and lines that do not count are left empty, so every line keeps its number. A block of
 * which a condition cannot be told stays as it is, with all that is in it. A text whose blocks do not
 * fit together, which HAProxy refuses, is given back unchanged.
 *
 * Throws ConfigSyntaxError, with the line, for a directive that cannot be split into words.
 */
export function resolveConditions(text: string, knowledge: Knowledge): string {
  if (!directiveSomewhere.test(text)) return text
  const lines = text.split('\n')
  const isFixed = knowledge.environment === undefined || !changesEnvironment(lines)
  const known = isFixed ? knowledge : { version: knowledge.version }
  const blanked = findBlanked(lines, known)
  if (blanked === undefined) return text
  for (const index of blanked) lines[index] = ''
  return lines.join('\n')
}

/**
 * Whether every `.if` has its `.endif`, and what stands between is in order. Throws
 * ConfigSyntaxError.
 */
export function hasFittingBlocks(text: string): boolean {
  return !directiveSomewhere.test(text) || findBlanked(text.split('\n'), {}) !== undefined
}

// However it is written, a directive begins with one of these.
const directiveSomewhere = /^[ \t\v\f\r]*[."'\\]/m
const directiveHere = /^[ \t\v\f\r]*[."'\\]/

type Block = {
  /** Whether the lines around it count. */
  readonly outerCounts: boolean
  /** Whether all its conditions so far could be told. */
  isTold: boolean
  /** Whether a branch before counted; the later ones do not, and are not evaluated. */
  isTaken: boolean
  /** Whether the lines of the branch that is under way count. */
  counts: boolean
  hasElse: boolean
  /** Indices of its directives and of the lines that do not count. */
  readonly blanked: number[]
}

/** Indices of the lines to leave out; undefined where the blocks do not fit together. */
function findBlanked(lines: readonly string[], knowledge: Knowledge): number[] | undefined {
  const blanked: number[] = []
  const open: Block[] = []
  for (const [index, line] of lines.entries()) {
    const words = directiveHere.test(line) ? readDirective(line, index + 1) : []
    const [keyword, ...condition] = words
    const block = open.at(-1)
    const isEnding = keyword === '.else' || keyword === '.endif'
    if (isEnding && (block === undefined || condition.length > 0)) return undefined
    if (keyword === '.if') {
      open.push(openBlock(block?.counts ?? true))
      enter(open.at(-1), condition, knowledge)
    } else if (keyword === '.elif' || keyword === '.else') {
      if (block === undefined || block.hasElse) return undefined
      block.hasElse = keyword === '.else'
      enter(block, keyword === '.else' ? undefined : condition, knowledge)
    }
    const around = open.at(-1)
    if (around === undefined) continue
    if (keyword !== undefined || !around.counts) around.blanked.push(index)
    if (keyword !== '.endif') continue
    open.pop()
    if (around.isTold)
      for (const each of around.blanked) (open.at(-1)?.blanked ?? blanked).push(each)
  }
  return open.length === 0 ? blanked : undefined
}

function openBlock(outerCounts: boolean): Block {
  return { outerCounts, isTold: true, isTaken: false, counts: false, hasElse: false, blanked: [] }
}

/** `condition`: undefined for `.else`. */
function enter(
  block: Block | undefined,
  condition: readonly string[] | undefined,
  knowledge: Knowledge,
): void {
  if (block === undefined) return
  const isOpen = block.outerCounts && !block.isTaken
  const truth: Truth =
    isOpen && (condition === undefined || evaluateCondition(condition, knowledge))
  block.isTold &&= truth !== undefined
  block.isTaken ||= truth === true
  block.counts = truth ?? true
}

/** Its words; none where the line is no part of a block. */
function readDirective(line: string, number: number): readonly string[] {
  const keyword = firstWord(line, 0, number)
  return /^\.(?:if|elif|else|endif)$/.test(keyword) ? splitWords(line, number) : []
}

/** Whether a line sets or unsets environment variables (configuration.txt §3.1). */
function changesEnvironment(lines: readonly string[]): boolean {
  const changing = /^(?:setenv|presetenv|unsetenv|resetenv)$/
  return lines.some((line, index) => changing.test(firstWord(line, 0, index + 1)))
}
