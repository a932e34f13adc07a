import type { MapKey } from '../../go/values.ts'

/** The order of keys of different types. */
const typeOrder: Readonly<Record<string, number>> = {
  boolean: 1,
  bigint: 2,
  number: 13,
  string: 24,
}

const isLetter = (character: string): boolean => /^\p{L}$/u.test(character)
const isDigit = (character: string): boolean => /^\p{Nd}$/u.test(character)

const codePointOf = (character: string): number => character.codePointAt(0) ?? 0

/** Negative, zero or positive. */
function compare<T extends number | bigint | string>(a: T, b: T): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

/** The digits that stand at a place, after a 1 if a digit stands before, without leading zeros. */
function numberAt(text: readonly string[], at: number, hasLead: boolean) {
  let end = at
  while (end < text.length && isDigit(text[end] ?? '')) end++
  const digits = (hasLead ? '1' : '') + text.slice(at, end).join('')
  return { digits: digits.replace(/^0+/, ''), end }
}

const compareNumbers = (a: string, b: string): number => a.length - b.length || compare(a, b)

/** Whether the digits before a place are part of a number that does not begin with a zero. */
function continuesNumber(text: readonly string[], at: number): boolean {
  for (let before = at - 1; before >= 0 && isDigit(text[before] ?? ''); before--) {
    if (text[before] !== '0') return true
  }
  return false
}

function compareDifferent(a: readonly string[], b: readonly string[], at: number): number {
  const [first = '', second = ''] = [a[at], b[at]]
  const isFirstLetter = isLetter(first)
  const isSecondLetter = isLetter(second)
  const byCharacter = compare(codePointOf(first), codePointOf(second))
  if (isFirstLetter && isSecondLetter) return byCharacter
  if (isFirstLetter || isSecondLetter) return isSecondLetter ? -1 : 1
  const hasLead = (first === '0' || second === '0') && continuesNumber(a, at)
  const firstNumber = numberAt(a, at, hasLead)
  const secondNumber = numberAt(b, at, hasLead)
  return (
    compareNumbers(firstNumber.digits, secondNumber.digits) ||
    compare(firstNumber.end, secondNumber.end) ||
    byCharacter
  )
}

function compareTexts(first: string, second: string): number {
  const a = Array.from(first)
  const b = Array.from(second)
  for (let at = 0; at < Math.min(a.length, b.length); at++) {
    if (a[at] !== b[at]) return compareDifferent(a, b, at)
  }
  return a.length - b.length
}

/** Numbers by their value, texts with the numbers in them by their value: 9 before 10, a9 before a10. */
export function compareKeys(a: MapKey, b: MapKey): number {
  if (typeof a === 'string' && typeof b === 'string') return compareTexts(a, b)
  if (typeof a !== 'string' && typeof b !== 'string') {
    const byValue = compare(Number(a), Number(b))
    if (byValue !== 0) return byValue
    if (typeof a === 'bigint' && typeof b === 'bigint') return compare(a, b)
  }
  return (typeOrder[typeof a] ?? 0) - (typeOrder[typeof b] ?? 0)
}
