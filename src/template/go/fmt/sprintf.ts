import { joined } from '../byte-text.ts'
import { typeOf } from '../values.ts'
import type { Value } from '../values.ts'
import { defaultLimits } from '../limits.ts'
import { tooLong } from './extent.ts'
import { noFlags } from './flags.ts'
import type { Flags } from './flags.ts'
import { printOperand } from './print-value.ts'

/** Larger widths, precisions and argument numbers are mistakes (Go's package fmt). */
const greatestNumber = 1_000_000

const flagNames: Readonly<Record<string, Partial<Flags>>> = {
  '+': { isPlus: true },
  '-': { isMinus: true },
  '#': { isSharp: true },
  ' ': { isSpace: true },
  '0': { isZero: true },
}

/** What is still to be read of a format, and which operand is next. */
type Reading = {
  readonly format: string
  readonly operands: readonly Value[]
  readonly mostBytes: number
  /** Where the last `]` of the format stands; -1: there is none. */
  readonly lastBracket: number
  at: number
  operand: number
  /** Operands were named by number: then unused ones are no mistake. */
  isReordered: boolean
  isGoodNumber: boolean
  isBehindNumber: boolean
  output: string
}

/**
 * A text by a format (Go's fmt.Sprintf). Mistakes stand in the text, as `%!d(string=hi)`. Throws
 * when the text is longer than that.
 */
export function sprintf(
  format: string,
  operands: readonly Value[],
  mostBytes = defaultLimits.textBytes,
): string {
  const reading: Reading = {
    format,
    operands,
    mostBytes,
    lastBracket: format.lastIndexOf(']'),
    at: 0,
    operand: 0,
    isReordered: false,
    isGoodNumber: true,
    isBehindNumber: false,
    output: '',
  }
  while (reading.at < format.length) {
    const percent = format.indexOf('%', reading.at)
    const end = percent < 0 ? format.length : percent
    reading.output += format.slice(reading.at, end)
    reading.at = end + 1
    if (percent >= 0) readDirective(reading)
    if (reading.output.length > mostBytes) throw tooLong(mostBytes)
  }
  if (!reading.isReordered && reading.operand < operands.length) {
    reading.output += extra(operands.slice(reading.operand), mostBytes)
  }
  return joined(reading.output)
}

function extra(operands: readonly Value[], mostBytes: number): string {
  const shown = operands.map((operand) =>
    operand === null
      ? '<nil>'
      : `${typeOf(operand).name}=${printOperand(operand, 'v', noFlags, mostBytes)}`,
  )
  return `%!(EXTRA ${shown.join(', ')})`
}

/** One directive, from behind its percent sign. */
function readDirective(reading: Reading): void {
  reading.isGoodNumber = true
  reading.isBehindNumber = false
  let flags = readFlags(reading)
  readOperandNumber(reading)
  flags = readWidth(reading, flags)
  flags = readPrecision(reading, flags)
  if (!reading.isBehindNumber) readOperandNumber(reading)
  const codePoint = reading.format.codePointAt(reading.at)
  if (codePoint === undefined) {
    reading.output += '%!(NOVERB)'
    return
  }
  const verb = String.fromCodePoint(codePoint)
  reading.at += verb.length
  reading.output += printDirective(reading, verb, flags)
}

function printDirective(reading: Reading, verb: string, flags: Flags): string {
  if (verb === '%') return '%'
  if (!reading.isGoodNumber) return `%!${verb}(BADINDEX)`
  const operand = reading.operands[reading.operand]
  if (operand === undefined) return `%!${verb}(MISSING)`
  reading.operand++
  return printOperand(operand, verb, verb === 'v' ? flagsOfV(flags) : flags, reading.mostBytes)
}

function flagsOfV(flags: Flags): Flags {
  return {
    ...flags,
    isSharpV: flags.isSharp,
    isSharp: false,
    isPlusV: flags.isPlus,
    isPlus: false,
  }
}

function readFlags(reading: Reading): Flags {
  let flags = noFlags
  for (;;) {
    const named = flagNames[reading.format.charAt(reading.at)]
    if (named === undefined) return flags
    flags = { ...flags, ...named }
    reading.at++
  }
}

function readWidth(reading: Reading, flags: Flags): Flags {
  if (reading.format.charAt(reading.at) !== '*') {
    const width = readNumber(reading)
    // An operand's number stands directly before the verb or a star.
    if (reading.isBehindNumber && width !== undefined) reading.isGoodNumber = false
    return { ...flags, width }
  }
  reading.at++
  const width = readNumberOperand(reading)
  reading.isBehindNumber = false
  if (width === undefined) reading.output += '%!(BADWIDTH)'
  if (width === undefined || width >= 0) return { ...flags, width }
  return { ...flags, width: -width, isMinus: true, isZero: false }
}

function readPrecision(reading: Reading, flags: Flags): Flags {
  if (reading.format.charAt(reading.at) !== '.') return flags
  reading.at++
  if (reading.isBehindNumber) reading.isGoodNumber = false
  readOperandNumber(reading)
  if (reading.format.charAt(reading.at) !== '*') {
    return { ...flags, precision: readNumber(reading) ?? 0 }
  }
  reading.at++
  const given = readNumberOperand(reading)
  reading.isBehindNumber = false
  const precision = given === undefined || given < 0 ? undefined : given
  if (precision === undefined) reading.output += '%!(BADPREC)'
  return { ...flags, precision }
}

/** A number at this place; one that is too large ends the format. */
function readNumber(reading: Reading): number | undefined {
  const digits = /^[0-9]+/.exec(reading.format.slice(reading.at, reading.at + 20))?.[0]
  if (digits === undefined) return undefined
  if (Number(digits) > greatestNumber) {
    reading.at = reading.format.length
    return undefined
  }
  reading.at += digits.length
  return Number(digits)
}

/** The next operand as a number, for a star. */
function readNumberOperand(reading: Reading): number | undefined {
  const operand = reading.operands[reading.operand]
  if (operand === undefined) return undefined
  reading.operand++
  const isInteger = typeof operand === 'object' && operand !== null && 'type' in operand
  const value = isInteger && operand.kind === 'integer' ? operand.value : operand
  if (typeof value !== 'bigint') return undefined
  return value > greatestNumber || value < -greatestNumber ? undefined : Number(value)
}

/** An operand's number, `[3]`, if one stands here. */
function readOperandNumber(reading: Reading): void {
  reading.isBehindNumber = false
  if (reading.format.charAt(reading.at) !== '[') return
  reading.isReordered = true
  const rest = reading.format.slice(reading.at)
  // Without this a format of nothing but `%[` would be searched to its end for each of them.
  const close = reading.lastBracket < reading.at ? -1 : rest.indexOf(']')
  const inside = rest.slice(1, close)
  reading.at += close < 1 || rest.length < 3 ? 1 : close + 1
  const isNumber = close > 1 && /^[0-9]{1,7}$/.test(inside)
  const index = Number(inside) - 1
  if (!isNumber || index < 0 || index >= reading.operands.length) reading.isGoodNumber = false
  else reading.operand = index
  reading.isBehindNumber = isNumber
}
