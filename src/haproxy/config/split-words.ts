import { ConfigSyntaxError } from './syntax-error.ts'

/**
 * Stands in front of what only HAProxy's own process can know: an environment variable
 * (`"${NAME-default}"` becomes `\0{NAME-default}`), or a byte above 0x7f written as `\xNN`. NUL
 * cannot be in a configuration, so no other word can look like one of these.
 */
const unknownMark = '\0'

/** Whether a word's value depends on HAProxy's environment, or is not text. */
export function hasUnknownPart(word: string): boolean {
  return word.includes(unknownMark)
}

/** Whether a word's value depends on HAProxy's environment. */
export function hasVariable(word: string): boolean {
  return word.includes(`${unknownMark}{`)
}

/**
 * Ends a word whose last thing is an environment variable, in quotes that close right after it, with
 * another word to follow. If the variable is not set, HAProxy 3.0 makes one word of the two: there
 * `a"$NONE" b` is `ab`, but `a"$NONE"'' b` is `a` and `b`. Neither 2.6 nor 3.4 does that.
 */
export const glueMark = `${unknownMark}+`

/** Words for people: what is unknown as it is written, control characters as `?`. */
export function showWords(words: readonly string[]): string {
  const text = words
    .join(' ')
    .replaceAll(glueMark, '')
    .replaceAll(`${unknownMark}{`, '${')
    .replaceAll(`${unknownMark}x`, '\\x')
  return text.replaceAll(controls, '?')
}

// oxlint-disable-next-line no-control-regex
const controls = /[\u0000-\u001f\u007f]/g

/**
 * One line of a HAProxy configuration as words, quotes and escapes resolved, comment dropped; the
 * same splitting as HAProxy's own, 2.6 to 3.4 (configuration.txt §2.2, §2.3). Environment variables
 * stay unexpanded, see `hasUnknownPart`. A line that is blank or a comment has no words.
 *
 * What HAProxy refuses later, or reads only in part, is kept whole: every word after the 64th, and
 * empty words, also at the end of the line (3.0 drops the last one, 3.4 refuses the line). So two
 * lines with the same words are the same to every HAProxy, and never the other way round.
 *
 * Throws ConfigSyntaxError for an unmatched quote or brace, a bad `\x` and NUL.
 */
export function splitWords(text: string, line: number): string[] {
  return special.test(text) ? splitSpecial(text, line) : splitPlain(text)
}

const special = /["'\\#\r\0]/
const isSpace = /[ \t\v\f]/
// A carriage return ends the line, but not where HAProxy is skipping what stands between words.
const gap = /[ \t\v\f\r]*/y

function splitPlain(text: string): string[] {
  const words: string[] = []
  for (const word of text.split(/[ \t\v\f]+/)) if (word !== '') words.push(word)
  return words
}

function splitSpecial(text: string, line: number): string[] {
  if (text.includes('\0')) throw new ConfigSyntaxError(line, 'a NUL byte')
  const words: string[] = []
  // Undefined between words: an empty word in quotes is a word all the same.
  let word: string | undefined
  let quote = ''
  // Behind a closing quote that follows a variable.
  let gluesAt = -1
  let index = endOf(gap, text, 0)
  while (index < text.length) {
    const character = text.charAt(index)
    if (character === '\r' || (character === '#' && quote === '')) break
    if (character === quote) {
      quote = ''
      index += 1
    } else if (quote === '' && (character === '"' || character === "'")) {
      quote = character
      word ??= ''
      index += 1
    } else if (quote === '' && isSpace.test(character)) {
      const end = endOf(gap, text, index)
      const isLast = end === text.length || text.charAt(end) === '#'
      if (word !== undefined) words.push(index === gluesAt && !isLast ? word + glueMark : word)
      word = undefined
      index = end
    } else {
      const part = readPart(text, index, quote, line)
      word = (word ?? '') + part.value
      index = part.end
      if (character === '$' && quote === '"') gluesAt = index + 1
    }
  }
  if (quote !== '') throw new ConfigSyntaxError(line, `a ${quote} without its other half`)
  if (word !== undefined) words.push(word)
  return words
}

/** Where a match of a pattern that always matches ends. */
function endOf(pattern: RegExp, text: string, index: number): number {
  pattern.lastIndex = index
  pattern.test(text)
  return pattern.lastIndex
}

type Part = { readonly value: string; readonly end: number }

function readPart(text: string, index: number, quote: string, line: number): Part {
  const character = text.charAt(index)
  if (character === '\\' && quote !== "'") return readEscape(text, index, quote, line)
  if (character === '$' && quote === '"') return readVariable(text, index, line)
  const end = endOf(quote === '' ? bareRun : quote === '"' ? doubleRun : singleRun, text, index)
  return { value: text.slice(index, end), end }
}

// What stands for itself: out of quotes, and in either kind.
const bareRun = /[^ \t\v\f\r"'\\#]*/y
const doubleRun = /[^"\\$\r]*/y
const singleRun = /[^'\r]*/y

function readEscape(text: string, index: number, quote: string, line: number): Part {
  const next = text.charAt(index + 1)
  switch (next) {
    case ' ':
    case '\\':
    case '#':
    case "'":
    case '"':
      return { value: next, end: index + 2 }
    case 't':
      return { value: '\t', end: index + 2 }
    case 'n':
      return { value: '\n', end: index + 2 }
    case 'r':
      return { value: '\r', end: index + 2 }
    case '$':
      return quote === '"' ? { value: '$', end: index + 2 } : { value: '\\', end: index + 1 }
    case 'x': {
      const digits = /^[0-9A-Fa-f]{2}/.exec(text.slice(index + 2, index + 4))
      if (digits === null) throw new ConfigSyntaxError(line, String.raw`\x wants two hex digits`)
      const byte = Number.parseInt(digits[0], 16)
      const value =
        byte === 0 || byte > 0x7f
          ? `${unknownMark}x${byte.toString(16)}`
          : String.fromCharCode(byte)
      return { value, end: index + 4 }
    }
    default:
      // Not an escape: the backslash stands for itself and the next character is read on its own.
      return { value: '\\', end: index + 1 }
  }
}

function readVariable(text: string, index: number, line: number): Part {
  const rest = text.slice(index)
  const bare = /^\$(\.?[A-Za-z_][A-Za-z0-9_]*)/.exec(rest)
  if (bare !== null)
    return { value: `${unknownMark}{${bare[1] ?? ''}}`, end: index + bare[0].length }
  const braced = /^\$\{(\.?[A-Za-z_][A-Za-z0-9_]*(?:\[\*\])?(?:-[^}]*)?)\}/.exec(rest)
  if (braced === null)
    throw new ConfigSyntaxError(line, 'a $ in double quotes that names no variable')
  return { value: `${unknownMark}{${braced[1] ?? ''}}`, end: index + braced[0].length }
}
