import { isAtLeast } from '../capabilities.ts'
import { hasUnknownPart } from './split-words.ts'

/** What is known of the HAProxy that reads a text. */
export type Knowledge = {
  /** `2.6.12-1+deb12u4`; undefined: not known. */
  readonly version?: string | undefined
  /** All of its environment variables; undefined: not known. */
  readonly environment?: ReadonlyMap<string, string> | undefined
}

/** Undefined: it cannot be told. */
export type Truth = boolean | undefined

/**
 * The condition of an `.if` or `.elif` line, given as its words (configuration.txt §2.4): numbers,
 * `!`, `&&`, `||`, parentheses, `version_atleast`, `version_before`, `streq`, `strneq`, `strstr` and
 * `defined`. Undefined for every other predicate, for what depends on a variable that is not known,
 * and for all that HAProxy may refuse, also in a part that does not decide.
 */
export function evaluateCondition(words: readonly string[], knowledge: Knowledge): Truth {
  if (words.length === 0) return false
  const expanded = words.map((word) => expand(word, knowledge.environment))
  if (expanded.includes(undefined)) return undefined
  // HAProxy joins the words again, so blanks and quotes around arguments do not count.
  const text = expanded.join(' ')
  const reader: Reader = { text, at: 0, knowledge, depth: 0 }
  const truth = readOr(reader)
  return truth === broken || reader.at < text.length ? undefined : truth
}

/** A word with its environment variables replaced; undefined where one is not plainly known. */
function expand(word: string, environment: Knowledge['environment']): string | undefined {
  if (!hasUnknownPart(word)) return word
  if (environment === undefined) return undefined
  const expanded = word.replaceAll(variable, (all, name: string, fallback: string | undefined) => {
    return environment.get(name) ?? fallback ?? all
  })
  return hasUnknownPart(expanded) ? undefined : expanded
}

// Set apart by the NUL that stands for what splitWords leaves open.
// oxlint-disable-next-line no-control-regex
const variable = /\0\{([A-Za-z_][A-Za-z0-9_]*)(?:-([^}]*))?\}(?:\0\+)?/g

type Reader = {
  readonly text: string
  at: number
  readonly knowledge: Knowledge
  depth: number
}

/** What HAProxy refuses, or nearly. */
const broken = Symbol('broken')
type Reading = Truth | typeof broken

/** Deeper than anybody writes; HAProxy ends at 1,024. */
const deepest = 100

function readOr(reader: Reader): Reading {
  return readChain(reader, '||', readAnd, true)
}

function readAnd(reader: Reader): Reading {
  return readChain(reader, '&&', readTerm, false)
}

/** Terms with the same operator between them, one of which decides if it is `decisive`. */
function readChain(
  reader: Reader,
  operator: string,
  readOne: (reader: Reader) => Reading,
  decisive: boolean,
): Reading {
  let truth: Truth = !decisive
  for (;;) {
    const term = readOne(reader)
    if (term === broken) return broken
    if (truth !== decisive) truth = term === !decisive ? truth : term
    skipBlanks(reader)
    if (!reader.text.startsWith(operator, reader.at)) return truth
    reader.at += operator.length
  }
}

function readTerm(reader: Reader): Reading {
  skipBlanks(reader)
  let isNegated = false
  for (; reader.text.charAt(reader.at) === '!'; skipBlanks(reader)) {
    isNegated = !isNegated
    reader.at += 1
  }
  const term = readNumber(reader) ?? readGroup(reader) ?? readPredicate(reader)
  if (term === broken) return broken
  return term === 'unknown' ? undefined : term !== isNegated
}

type Term = boolean | 'unknown' | typeof broken

function readNumber(reader: Reader): Term | undefined {
  const digits = match(reader, /[+-]?(?:0(?![0-9xX])|[1-9][0-9]{0,8}(?![0-9]))/y)
  return digits === undefined ? undefined : Number(digits[0]) !== 0
}

function readGroup(reader: Reader): Term | undefined {
  if (match(reader, /\(/y) === undefined) return undefined
  reader.depth += 1
  if (reader.depth > deepest) return broken
  const truth = readOr(reader)
  reader.depth -= 1
  if (truth === broken || match(reader, /\)/y) === undefined) return broken
  return truth ?? 'unknown'
}

function readPredicate(reader: Reader): Term {
  // Arguments in quotes have an escaping of their own, which is left to HAProxy.
  const found = match(reader, /([a-z_]+)\(([^()'"\\]*)\)/y)
  if (found === undefined) return broken
  const [, name = '', list = ''] = found
  return judge(name, list.split(','), reader.knowledge) ?? 'unknown'
}

function judge(name: string, list: readonly string[], { version, environment }: Knowledge): Truth {
  const [one = '', two = ''] = list
  if (name === 'streq' || name === 'strneq' || name === 'strstr') {
    if (list.length !== 2) return undefined
    return name === 'strstr' ? one.includes(two) : (one === two) === (name === 'streq')
  }
  if (list.length !== 1 || one === '') return undefined
  if (name === 'version_atleast') return isVersionAtLeast(version, one)
  if (name === 'version_before') {
    const isLater = isVersionAtLeast(version, one)
    return isLater === undefined ? undefined : !isLater
  }
  return name === 'defined' ? environment?.has(one) : undefined
}

/** Versions as `3.0`, `3.0.11` and `3.0-dev5` only; a HAProxy under development is not judged. */
function isVersionAtLeast(version: string | undefined, wanted: string): Truth {
  const own = /^(\d+)\.(\d+)\.(\d+)(?!\d)(?!-(?:dev|rc))/.exec(version ?? '')
  const other = /^(\d{1,4})(?:\.(\d{1,4})(?:\.(\d{1,4}))?)?(?:-dev\d{1,4})?$/.exec(wanted)
  if (own === null || other === null) return undefined
  const [major, minor, patch] = [1, 2, 3].map((index) => Number(other[index] ?? '0'))
  const line = own[0]
  if (!isAtLeast(line, major ?? 0, minor ?? 0)) return false
  const isSameLine = Number(own[1]) === major && Number(own[2]) === minor
  return !isSameLine || Number(own[3]) >= (patch ?? 0)
}

function match(reader: Reader, pattern: RegExp): RegExpExecArray | undefined {
  pattern.lastIndex = reader.at
  const found = pattern.exec(reader.text) ?? undefined
  if (found !== undefined) reader.at += found[0].length
  return found
}

function skipBlanks(reader: Reader): void {
  match(reader, /[ \t]*/y)
}
