/** The value below which a share `q` (0–1) of the values lies, by nearest rank; NaN for none. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN
}

export const median = (values: readonly number[]): number => quantile(values, 0.5)

export type Summary = {
  readonly count: number
  readonly median: number
  readonly p95: number
  readonly p99: number
  readonly max: number
}

export function summary(values: readonly number[]): Summary {
  return {
    count: values.length,
    median: round(median(values)),
    p95: round(quantile(values, 0.95)),
    p99: round(quantile(values, 0.99)),
    max: round(quantile(values, 1)),
  }
}

/** Two digits after the point: more than that no measurement here is worth. */
export const round = (value: number): number => Math.round(value * 100) / 100
