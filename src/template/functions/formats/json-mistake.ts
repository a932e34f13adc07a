import { bytesOfText } from '../../go/byte-text.ts'
import { quote } from '../../go/quote.ts'

/** How deep Go reads JSON. */
const greatestDepth = 10_000

/** Where JSON stops being JSON, in the words of Go's encoding/json. */
class JsonMistake extends Error {}

type Reading = { readonly text: string; at: number }

function shownByte(character: string): string {
  if (character === "'") return `'\\''`
  if (character === '"') return `'"'`
  const [byte = 0] = bytesOfText(character)
  return `'${quote(String.fromCodePoint(byte)).slice(1, -1)}'`
}

function wrong(reading: Reading, where: string): never {
  const codePoint = reading.text.codePointAt(reading.at)
  if (codePoint === undefined) throw new JsonMistake('unexpected end of JSON input')
  const shown = shownByte(String.fromCodePoint(codePoint))
  throw new JsonMistake(`invalid character ${shown} ${where}`)
}

const next = (reading: Reading): string => reading.text.charAt(reading.at)

function skipSpace(reading: Reading): void {
  while (' \t\r\n'.includes(next(reading)) && reading.at < reading.text.length) reading.at++
}

/** Goes over one character that must be one of some. */
function expect(reading: Reading, characters: RegExp, where: string): void {
  if (!characters.test(next(reading))) wrong(reading, where)
  reading.at++
}

function digits(reading: Reading): void {
  while (/^[0-9]/.test(next(reading))) reading.at++
}

function checkNumber(reading: Reading): void {
  if (next(reading) === '-') reading.at++
  const first = next(reading)
  expect(reading, /^[0-9]/, 'in numeric literal')
  if (first !== '0') digits(reading)
  if (next(reading) === '.') {
    reading.at++
    expect(reading, /^[0-9]/, 'after decimal point in numeric literal')
    digits(reading)
  }
  if (/^[eE]/.test(next(reading))) {
    reading.at++
    if (/^[+-]/.test(next(reading))) reading.at++
    expect(reading, /^[0-9]/, 'in exponent of numeric literal')
    digits(reading)
  }
}

function checkString(reading: Reading): void {
  reading.at++
  while (next(reading) !== '"') {
    // oxlint-disable-next-line no-control-regex
    expect(reading, /^[^\x00-\x1f]/, 'in string literal')
    if (reading.text[reading.at - 1] !== '\\') continue
    const escape = next(reading)
    expect(reading, /^["\\/bfnrtu]/, 'in string escape code')
    for (let digits = escape === 'u' ? 4 : 0; digits > 0; digits--) {
      expect(reading, /^[0-9a-fA-F]/, 'in \\u hexadecimal character escape')
    }
  }
  reading.at++
}

function checkWord(reading: Reading, word: string): void {
  for (const [index, letter] of Array.from(word).entries()) {
    const where = `in literal ${word} (expecting '${letter}')`
    if (next(reading) !== letter) wrong(reading, index === 0 ? '' : where)
    reading.at++
  }
}

const words: Readonly<Record<string, string>> = { t: 'true', f: 'false', n: 'null' }

/** Goes over a value that is no list and no object. */
function checkPlain(reading: Reading): void {
  const first = next(reading)
  const word = words[first]
  if (word !== undefined) checkWord(reading, word)
  else if (first === '"') checkString(reading)
  else if (/^[-0-9]/.test(first)) checkNumber(reading)
  else wrong(reading, 'looking for beginning of value')
}

function checkKey(reading: Reading): void {
  if (next(reading) !== '"') wrong(reading, 'looking for beginning of object key string')
  checkString(reading)
  skipSpace(reading)
  expect(reading, /^:/, 'after object key')
  skipSpace(reading)
}

/** Opens lists and objects up to a value, which it goes over; or to the end of an empty one. */
function checkStart(reading: Reading, open: string[]): void {
  for (;;) {
    const bracket = next(reading)
    if (bracket !== '[' && bracket !== '{') return checkPlain(reading)
    reading.at++
    if (open.push(bracket) > greatestDepth) throw new JsonMistake('exceeded max depth')
    skipSpace(reading)
    if (next(reading) === (bracket === '[' ? ']' : '}')) return
    if (bracket === '{') checkKey(reading)
  }
}

/** Goes over what follows a value inside what is open, up to the next value or the end. */
function checkNext(reading: Reading, open: string[]): void {
  skipSpace(reading)
  const isList = open.at(-1) === '['
  const where = isList ? 'after array element' : 'after object key:value pair'
  if (next(reading) === (isList ? ']' : '}')) {
    open.pop()
    reading.at++
    return
  }
  expect(reading, /^,/, where)
  skipSpace(reading)
  if (!isList) checkKey(reading)
  checkStart(reading, open)
}

/** Why a text is not JSON, as Go words it; undefined if it is JSON. */
export function jsonMistake(text: string): string | undefined {
  const reading: Reading = { text, at: 0 }
  const open: string[] = []
  try {
    skipSpace(reading)
    checkStart(reading, open)
    while (open.length > 0) checkNext(reading, open)
    skipSpace(reading)
    if (reading.at < text.length) wrong(reading, 'after top-level value')
    return undefined
  } catch (error) {
    if (error instanceof JsonMistake) return error.message
    throw error
  }
}
