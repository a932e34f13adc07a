import { RE2JS } from 're2js'
import { messageOf } from '../../../model/errors.ts'
import { joined } from '../../go/byte-text.ts'
import { callFailure } from '../../go/failure.ts'
import { goFunction } from '../../go/functions.ts'
import { stringType } from '../../go/types.ts'
import type { FunctionMaker } from '../function-set.ts'
import { refuseLongText } from './bounds.ts'
import { expanded, parseReplacement } from './replacement.ts'

const mostExpressionCharacters = 2 ** 16

/**
 * Matching takes, at worst, as many operations as the text has characters times the compiled
 * expression instructions. So much of that may one call and one evaluation need; a second for the
 * first, some ten for the second.
 */
const mostWorkOfCall = 2 ** 30
const mostWork = 2 ** 32

/** Expressions of templates, which are evaluated again and again. */
const compiledExpressions = new Map<string, RE2JS>()
const mostCompiled = 256

/** Compiled once, while it is in use. Throws what is wrong with it, in Go's words. */
export function compiled(expression: string): RE2JS {
  const known = compiledExpressions.get(expression)
  if (known !== undefined) return known
  if (expression.length > mostExpressionCharacters) {
    throw callFailure(`regular expression of more than ${mostExpressionCharacters} characters`)
  }
  const pattern = compile(expression)
  if (compiledExpressions.size >= mostCompiled) {
    const [oldest = ''] = compiledExpressions.keys()
    compiledExpressions.delete(oldest)
  }
  compiledExpressions.set(expression, pattern)
  return pattern
}

function compile(expression: string): RE2JS {
  try {
    return RE2JS.compile(expression)
  } catch (error) {
    const message = messageOf(error)
    // Go always shows the part that is wrong, also when it is empty.
    throw callFailure(message.endsWith('`') ? message : `${message}: \`\``, error)
  }
}

const isInsideCharacter = (text: string, at: number): boolean =>
  at > 0 && (text.codePointAt(at - 1) ?? 0) > 0xffff

/** All matches replaced; no empty match is replaced right behind another match. */
function replaced(pattern: RE2JS, replacement: string, text: string): string {
  const template = parseReplacement(replacement)
  const matcher = pattern.matcher(text)
  const names: Readonly<Record<string, number>> = pattern.namedGroups()
  const pieces: string[] = []
  let length = 0
  let end = 0
  const add = (piece: string) => {
    length += piece.length
    refuseLongText(length)
    if (piece !== '') pieces.push(piece)
  }
  while (matcher.find()) {
    const [from, to] = [matcher.start(), matcher.end()]
    if (isInsideCharacter(text, from)) continue
    add(text.slice(end, from))
    if (to > end || from === 0) {
      add(
        expanded(template, names, (group) =>
          group <= matcher.groupCount() ? (matcher.group(group) ?? '') : '',
        ),
      )
    }
    end = to
  }
  add(text.slice(end))
  return joined(pieces.join(''))
}

/** Throws before a pattern is looked for in a text that would take too long. */
export type SpendWork = (pattern: RE2JS, text: string) => void

/** For the calls of one evaluation. */
export function newWork(most: number = mostWork): SpendWork {
  let workLeft = most
  return (pattern, text) => {
    const work = pattern.programSize() * (text.length + 1)
    workLeft -= work
    if (work > mostWorkOfCall || workLeft < 0) {
      throw callFailure('regular expression too large for so much text')
    }
  }
}

/** Functions on regular expressions, in RE2's syntax. */
export const regexFunctions: FunctionMaker = () => {
  const spend = newWork()
  return {
    regexMatch: goFunction([stringType, stringType], (expression, text) => {
      const pattern = compiled(expression)
      spend(pattern, text)
      return pattern.test(text)
    }),
    regexReplaceAll: goFunction(
      [stringType, stringType, stringType],
      (expression, replacement, text) => {
        const pattern = compiled(expression)
        spend(pattern, text)
        return replaced(pattern, replacement, text)
      },
    ),
  }
}
