import type { Row } from './report.ts'
import { summary } from './statistics.ts'

/** What was measured of one front. Milliseconds. */
export type Timings = {
  /** From Docker's `start` event to the first answer of the container through the front. */
  readonly fromStart: readonly number[]
  /** From when the container has started and its web server accepts connections. */
  readonly fromListening: readonly number[]
  /** From Docker's `start` event until Consul tells of the instance; empty without Consul. */
  readonly toRegistered: readonly number[]
  /** From then to the first answer. */
  readonly fromRegistered: readonly number[]
  /** From Docker's `kill` event to the last request that reached the container. */
  readonly afterKill: readonly number[]
  /** Requests that failed while the containers were stopped. */
  readonly failures: number
}

/** What a front has to keep; what is left out is shown and has no budget. */
export type Budgets = {
  readonly listeningMs?: { readonly median: number; readonly p95: number }
  /** Median from the `kill` event to the last new request. */
  readonly killMs?: number
  readonly failures?: number
}

export function rowsOf(name: string, timings: Timings, budgets: Budgets): readonly Row[] {
  const listening = summary(timings.fromListening)
  const start = summary(timings.fromStart)
  const stop = summary(timings.afterKill)
  const ms = { of: name, unit: 'ms' }
  return [
    {
      what: 'app listening → first answer, median',
      ...ms,
      measured: listening.median,
      ...atMost(budgets.listeningMs?.median),
    },
    {
      what: 'app listening → first answer, p95',
      ...ms,
      measured: listening.p95,
      ...atMost(budgets.listeningMs?.p95),
    },
    // Without a budget: in it are the program's own start and the time that Docker, still busy with
    // the start, takes to answer an inspect.
    { what: 'start event → first answer, median', ...ms, measured: start.median },
    { what: 'start event → first answer, p95', ...ms, measured: start.p95 },
    ...consulRows(name, timings),
    {
      what: 'kill event → last new request, median',
      ...ms,
      measured: stop.median,
      ...atMost(budgets.killMs),
    },
    { what: 'kill event → last new request, longest', ...ms, measured: stop.max },
    {
      what: 'failed requests',
      of: name,
      unit: '',
      measured: timings.failures,
      ...atMost(budgets.failures),
    },
  ]
}

/** Fronts with a Consul before them, against the first front, which has none. */
export function ratioRows(
  measured: readonly { readonly name: string; readonly timings: Timings }[],
): readonly Row[] {
  const own = summary(measured[0]?.timings.fromListening ?? []).median
  return measured
    .filter(({ timings }) => timings.toRegistered.length > 0)
    .map(({ name, timings }) => ({
      what: `app listening → first answer, median, against ${measured[0]?.name}`,
      of: name,
      measured: summary(timings.fromListening).median / own,
      unit: '×',
    }))
}

function consulRows(name: string, { toRegistered, fromRegistered }: Timings): readonly Row[] {
  if (toRegistered.length === 0) return []
  const steps = {
    'start event → registered': toRegistered,
    'registered → first answer': fromRegistered,
  }
  return Object.entries(steps).flatMap(([step, times]) => {
    const { median, p95 } = summary(times)
    const ms = { of: name, unit: 'ms' }
    return [
      { what: `${step}, median`, ...ms, measured: median },
      { what: `${step}, p95`, ...ms, measured: p95 },
    ]
  })
}

function atMost(value: number | undefined): Pick<Row, 'budget'> {
  return value === undefined ? {} : { budget: { is: '<=', value } }
}
