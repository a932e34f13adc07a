import { goFunction } from '../../go/functions.ts'
import { anyType } from '../../go/types.ts'
import { isA } from '../../go/values.ts'
import type { Value } from '../../go/values.ts'
import type { FunctionSet } from '../function-set.ts'

const nanoseconds: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
}

const second = 1_000_000_000n
const units = [
  ['y', 365n * 86_400n],
  ['mo', 30n * 86_400n],
  ['d', 86_400n],
  ['h', 3600n],
  ['m', 60n],
  ['s', 1n],
] as const

/** Nanoseconds of a text like `1h2m3.5s`; 0 for what is none. */
function parseDuration(text: string): bigint {
  if (!/^[-+]?(?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h))+$/.test(text)) return 0n
  let sum = 0
  for (const [, amount, unit] of text.matchAll(/([0-9.]+)([a-zµμ]+)/g)) {
    sum += Number(amount) * (nanoseconds[unit ?? ''] ?? 0)
  }
  if (!(sum < 2 ** 63)) return 0n
  return BigInt(Math.round(sum)) * (text.startsWith('-') ? -1n : 1n)
}

/** Whole seconds as Go writes a duration: 1h2m3s. */
function durationText(seconds: bigint): string {
  const sign = seconds < 0n ? '-' : ''
  const total = seconds < 0n ? -seconds : seconds
  const [hours, minutes] = [total / 3600n, (total / 60n) % 60n]
  const shownHours = hours > 0n ? `${hours}h` : ''
  const shownMinutes = total >= 60n ? `${minutes}m` : ''
  return `${sign}${shownHours}${shownMinutes}${total % 60n}s`
}

function secondsOf(value: Value): bigint {
  if (typeof value === 'string') return /^[-+]?[0-9]{1,18}$/.test(value) ? BigInt(value) : 0n
  return isA(value, 'integer') && value.type.name === 'int64' ? value.value : 0n
}

/** The greatest unit alone, rounded down: 2h of 2h10m. */
function rounded(value: Value): string {
  let duration = 0n
  if (typeof value === 'string') duration = parseDuration(value)
  else if (isA(value, 'integer') && value.type.name === 'int64') duration = value.value
  const size = duration < 0n ? -duration : duration
  const unit = units.find(([, seconds]) => size > seconds * second)
  return unit === undefined ? '0s' : `${size / (unit[1] * second)}${unit[0]}`
}

/** Spans of time. */
export const durationFunctions: FunctionSet = {
  duration: goFunction([anyType], (value) => durationText(BigInt.asIntN(64, secondsOf(value)))),
  durationRound: goFunction([anyType], rounded),
}
