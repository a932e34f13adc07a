import * as v from 'valibot'
import { reads } from './values.ts'
import type { ValueParser } from './values.ts'

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/** HAProxy counts time in signed 32-bit milliseconds (configuration manual §2.5): some 24 days. */
const longestMs = 24 * 86_400_000

/** Milliseconds from `500ms`, `2s`, `5m`, `1h`, `1d` and sums such as `1m30s`; 0 is possible. */
export const duration: ValueParser<number> = v.pipe(
  reads('a duration such as 500ms, 2s, 5m or 1h', readDuration),
  v.maxValue(longestMs, 'longer than 24d, which is the most that HAProxy can count'),
)

/** The same, but not 0: for HAProxy a timeout of 0 is none at all. */
export const timeout: ValueParser<number> = v.pipe(
  duration,
  v.minValue(1, 'a timeout cannot be 0: HAProxy would wait for ever'),
)

function readDuration(text: string): number | undefined {
  if (!/^(\d{1,10}(ms|s|m|h|d))+$/.test(text)) return undefined
  let totalMs = 0
  for (const [, count, unit] of text.matchAll(/(\d+)(ms|s|m|h|d)/g)) {
    totalMs += Number(count) * (unitMs[unit ?? ''] ?? 0)
  }
  return totalMs
}
