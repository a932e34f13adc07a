/** How many milliseconds Go's units of time are. */
const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}

/** Go counts nanoseconds in 63 bits: some 292 years. */
const mostMs = 2 ** 63 / 1e6

/**
 * Milliseconds of a duration as Go writes it (`1m30s`, `1.5h`, `0`), undefined for anything else.
 * Source: Go's time.ParseDuration.
 */
export function parseGoDuration(text: string): number | undefined {
  if (/^[+-]?0$/.test(text)) return 0
  if (!/^[+-]?((\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))+$/.test(text)) return undefined
  let totalMs = 0
  for (const [, count, unit] of text.matchAll(/(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g)) {
    totalMs += Number(count) * (unitMs[unit ?? ''] ?? 0)
  }
  if (totalMs > mostMs) return undefined
  return text.startsWith('-') ? -totalMs : totalMs
}

/** Milliseconds as Go writes a duration: `250ms`, `1.5s`, `1m0s`. Source: Go's Duration.String. */
export function goDurationText(durationMs: number): string {
  if (durationMs === 0) return '0s'
  if (durationMs < 1000) return `${durationMs}ms`
  const minutes = Math.floor(durationMs / 60_000)
  const seconds = `${(durationMs % 60_000) / 1000}s`
  if (minutes === 0) return seconds
  const hours = Math.floor(minutes / 60)
  return `${hours === 0 ? '' : `${hours}h`}${minutes % 60}m${seconds}`
}
