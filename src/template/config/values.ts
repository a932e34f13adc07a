import { parseGoDuration } from '../../support/go-duration.ts'
import { leaf } from './fields.ts'
import type { Converted, Field } from './fields.ts'
import { parseSignal } from './signals.ts'
import type { ConfigNode } from './syntax.ts'

/** Numbers and true and false are taken as they are written. */
export const text: Field<string> = leaf('string', textOf)

export const bool: Field<boolean> = leaf('bool', (node) => {
  if (node.kind === 'bool') return { value: node.value }
  if (node.kind !== 'text' && node.kind !== 'number') return undefined
  const written = node.kind === 'text' ? node.text : String(node.value)
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(written)) return { value: true }
  if (['0', 'f', 'F', 'false', 'FALSE', 'False', ''].includes(written)) return { value: false }
  return undefined
})

export const integer: Field<number> = leaf('int', integerOf)

/** An integer that is not negative. */
export const count: Field<number> = leaf('uint', (node) => {
  const whole = integerOf(node)
  return whole !== undefined && whole.value < 0 ? { fault: 'cannot be negative' } : whole
})

function integerOf(node: ConfigNode): { readonly value: number } | undefined {
  if (node.kind === 'number' && node.isInteger) return { value: node.value }
  if (node.kind === 'text' && /^[+-]?\d+$/.test(node.text)) return { value: Number(node.text) }
  return undefined
}

/** Milliseconds. A number without a unit is nanoseconds, as Go counts. */
export const duration: Field<number> = leaf('time.Duration', (node) => {
  if (node.kind === 'number' && node.isInteger) return nanoseconds(node.value)
  return node.kind === 'text' ? durationOf(node.text) : undefined
})

function nanoseconds(count: number): Converted<number> {
  const value = count / 1e6
  return count === 0 ? { value } : { value, warning: `a number is nanoseconds; write "${count}s"` }
}

/** A mode of a file: an octal number, or octal digits as a text. */
export const fileMode: Field<number> = leaf('os.FileMode', (node) => {
  if (node.kind === 'number' && node.isInteger) return modeOf(node.value, String(node.value))
  if (node.kind !== 'text') return undefined
  const isOctal = /^[0-7]+$/.test(node.text)
  return isOctal ? modeOf(Number.parseInt(node.text, 8), node.text) : wrongMode(node.text)
})

function modeOf(value: number, written: string): Converted<number> {
  return value >= 0 && value <= 0o7777 ? { value } : wrongMode(written)
}

function wrongMode(written: string): Converted<number> {
  return { fault: `strconv.ParseUint: parsing ${JSON.stringify(written)}: invalid syntax` }
}

/** Texts; a single one may be several with commas between. Later files add to earlier ones. */
export const texts: Field<readonly string[]> = {
  ...list((written) => (written === '' ? [] : written.split(','))),
  merge: (before, after) => [...before, ...after],
}

/** A command: a list of arguments, or one line. */
export const command: Field<readonly string[]> = list((written) => [written])

function list(split: (written: string) => readonly string[]): Field<readonly string[]> {
  return leaf('[]string', (node) => {
    if (node.kind !== 'list') {
      const written = textOf(node)
      return written === undefined ? undefined : { value: split(written.value) }
    }
    const items = node.items.map((item) => textOf(item)?.value)
    return items.every((item) => item !== undefined) ? { value: items } : undefined
  })
}

function textOf(node: ConfigNode): { readonly value: string } | undefined {
  if (node.kind === 'text') return { value: node.text }
  if (node.kind === 'number' || node.kind === 'bool') return { value: String(node.value) }
  return undefined
}

/** `none`: the empty text, which switches it off. */
export type SignalChoice = NodeJS.Signals | 'none'

export const signal: Field<SignalChoice> = leaf('os.Signal', (node) =>
  node.kind === 'text' ? signalOf(node.text) : undefined,
)

export function signalOf(written: string): Converted<SignalChoice> {
  if (written === '') return { value: 'none' }
  const value = parseSignal(written)
  return value === undefined ? { fault: `invalid signal ${JSON.stringify(written)}` } : { value }
}

/** A part: `50%`, or a number from 0 to 1. */
export const part: Field<number> = leaf('part', (node) => {
  const written = textOf(node)?.value
  if (written === undefined) return undefined
  const [, digits, percent] = /^(\d+(?:\.\d+)?)(%?)$/.exec(written) ?? []
  const value = Number(digits) / (percent === '%' ? 100 : 1)
  return value >= 0 && value <= 1
    ? { value }
    : { fault: `${JSON.stringify(written)} is no part: write "50%", or a number from 0 to 1` }
})

/** One of these words. */
export function oneOf<const Word extends string>(words: readonly Word[]): Field<Word> {
  return leaf('string', (node) => {
    const written = textOf(node)?.value
    return written === undefined ? undefined : wordOf(words, written)
  })
}

export function wordOf<const Word extends string>(
  words: readonly Word[],
  written: string,
): Converted<Word> {
  const value = words.find((word) => word === written)
  return value === undefined
    ? { fault: `${JSON.stringify(written)} is not one of ${words.join(', ')}` }
    : { value }
}

/** Milliseconds of a duration; the fault is in Go's words. */
export function durationOf(written: string): Converted<number> {
  const value = parseGoDuration(written)
  if (value !== undefined) return { value }
  const quoted = JSON.stringify(written)
  if (/^[+-]?(\d+(?:\.\d*)?|\.\d+)([a-zµμ]+(\d+(?:\.\d*)?|\.\d+))*$/.test(written)) {
    return { fault: `time: missing unit in duration ${quoted}` }
  }
  return { fault: `time: invalid duration ${quoted}` }
}
