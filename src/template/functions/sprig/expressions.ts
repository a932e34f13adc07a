import type { RE2JS } from 're2js'
import { messageOf } from '../../../model/errors.ts'
import { callFailure } from '../../go/failure.ts'
import { goFunction } from '../../go/functions.ts'
import type { Result } from '../../go/functions.ts'
import { canBackquote, quote } from '../../go/quote.ts'
import { intType, stringType } from '../../go/types.ts'
import type { FunctionSet } from '../function-set.ts'
import { compiled, newWork } from '../helpers/regex-functions.ts'
import type { SpendWork } from '../helpers/regex-functions.ts'
import { checkCount, textList } from './convert.ts'
import { checkLength } from './wrapping.ts'

function compiledFor(expression: string, isMust: boolean): RE2JS {
  try {
    return compiled(expression)
  } catch (error) {
    const shown = canBackquote(expression) ? `\`${expression}\`` : quote(expression)
    const reason = messageOf(error)
    throw callFailure(isMust ? reason : `regexp: Compile(${shown}): ${reason}`, error)
  }
}

/** What an expression matched: the place, and the text of each group, by number and by name. */
type Match = {
  readonly start: number
  readonly end: number
  readonly group: (name: string) => string
}

/** The matches in a text, from left to right, at most so many; all for a negative limit. */
function matchesIn(pattern: RE2JS, text: string, limit: number): readonly Match[] {
  const matcher = pattern.matcher(text)
  const names = pattern.namedGroups()
  const matches: Match[] = []
  let last = -1
  while (matches.length !== limit && matcher.find()) {
    const [start, end] = [matcher.start(), matcher.end()]
    // As in Go, what is empty does not match right behind another match.
    if (start === end && start === last) continue
    last = end
    checkCount('regex', (matches.length + 1) * (matcher.groupCount() + 1))
    const groups = Array.from({ length: matcher.groupCount() + 1 }, (_, at) => matcher.group(at))
    matches.push({
      start,
      end,
      group: (name) => groups[/^[0-9]+$/.test(name) ? Number(name) : (names[name] ?? -1)] ?? '',
    })
  }
  return matches
}

const reference = /\$(?:\$|\{([\p{L}\p{Nd}_]+)\}|([\p{L}\p{Nd}_]+))/gu

/** A replacement with what the groups matched: `$1`, `${name}`; `$$` is a dollar sign. */
function expanded(replacement: string, match: Match): string {
  return replacement.replaceAll(
    reference,
    (whole: string, braced: string | undefined, bare: string | undefined) =>
      whole === '$$' ? '$' : match.group(braced ?? bare ?? ''),
  )
}

function replaced(pattern: RE2JS, text: string, replace: (match: Match) => string): string {
  const parts: string[] = []
  let at = 0
  let length = text.length
  for (const match of matchesIn(pattern, text, -1)) {
    const replacement = replace(match)
    length += replacement.length
    checkLength('regexReplaceAll', length)
    parts.push(text.slice(at, match.start), replacement)
    at = match.end
  }
  return [...parts, text.slice(at)].join('')
}

/** The texts between matches, at most so many, the last with all that is left. */
function split(expression: string, pattern: RE2JS, text: string, limit: number): readonly string[] {
  if (limit === 0) return []
  if (expression !== '' && text === '') return ['']
  const parts: string[] = []
  let start = 0
  let end = 0
  for (const match of matchesIn(pattern, text, -1)) {
    if (limit > 0 && parts.length === limit - 1) break
    end = match.start
    if (match.end !== 0) parts.push(text.slice(start, end))
    start = match.end
  }
  return end === text.length ? parts : [...parts, text.slice(start)]
}

/** An expression that is about to be looked for in a text. */
type Prepare = (expression: string, text: string) => RE2JS

/** The functions that fail for a mistake in the expression, in two wordings. */
function matching(prepare: Prepare): FunctionSet {
  return {
    FindAll: goFunction([stringType, stringType, intType], (expression, text, limit) => {
      const matches = matchesIn(prepare(expression, text), text, Number(limit))
      return textList(matches.map(({ group }) => group('0')))
    }),
    Find: goFunction(
      [stringType, stringType],
      (expression, text): Result =>
        matchesIn(prepare(expression, text), text, 1)[0]?.group('0') ?? '',
    ),
    ReplaceAll: goFunction([stringType, stringType, stringType], (expression, text, replacement) =>
      replaced(prepare(expression, text), text, (match) => expanded(replacement, match)),
    ),
    ReplaceAllLiteral: goFunction(
      [stringType, stringType, stringType],
      (expression, text, replacement) =>
        replaced(prepare(expression, text), text, () => replacement),
    ),
    Split: goFunction([stringType, stringType, intType], (expression, text, limit) =>
      textList(split(expression, prepare(expression, text), text, Number(limit))),
    ),
  }
}

const named = (prefix: string, functions: FunctionSet): FunctionSet =>
  Object.fromEntries(Object.entries(functions).map(([name, call]) => [prefix + name, call]))

/** `regexMatch` tells a mistake in the expression like a text that does not match. */
function patternOrNone(expression: string): RE2JS | undefined {
  try {
    return compiled(expression)
  } catch {
    return undefined
  }
}

/**
 * Regular expressions in RE2's syntax, as Go has them. What they do together is measured by
 * `spend`: matching takes far longer than the length of a text tells.
 */
export function expressionFunctions(spend: SpendWork = newWork(Infinity)): FunctionSet {
  const preparing =
    (isMust: boolean): Prepare =>
    (expression, text) => {
      const pattern = compiledFor(expression, isMust)
      spend(pattern, text)
      return pattern
    }
  return {
    ...named('regex', matching(preparing(false))),
    ...named('mustRegex', matching(preparing(true))),
    regexMatch: goFunction([stringType, stringType], (expression, text) => {
      const pattern = patternOrNone(expression)
      if (pattern === undefined) return false
      spend(pattern, text)
      return pattern.test(text)
    }),
    mustRegexMatch: goFunction([stringType, stringType], (expression, text) =>
      preparing(true)(expression, text).test(text),
    ),
    regexQuoteMeta: goFunction([stringType], (text) =>
      text.replaceAll(/[\\.+*?()|[\]{}^$]/g, String.raw`\$&`),
    ),
  }
}
