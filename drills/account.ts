import type { Sample } from './load/plan.ts'

/** What became of the requests of one method. */
export type Tally = {
  readonly sent: number
  readonly failed: number
  /** How many failed of what, the most frequent first. */
  readonly why: readonly (readonly [string, number])[]
  /** Answered, but more than a second after they were sent. */
  readonly late: number
  /** The slowest that was answered, ms. */
  readonly slowestMs: number
}

const lateMs = 1000

export function tally(samples: readonly Sample[], method: Sample['method']): Tally {
  const own = samples.filter((sample) => sample.method === method)
  const failed = own.filter(({ failure }) => failure !== '')
  const answered = own.filter(({ failure }) => failure === '')
  const counts = new Map<string, number>()
  for (const { failure } of failed) counts.set(failure, (counts.get(failure) ?? 0) + 1)
  return {
    sent: own.length,
    failed: failed.length,
    why: [...counts].toSorted(([, a], [, b]) => b - a),
    late: answered.filter(({ tookMs }) => tookMs > lateMs).length,
    slowestMs: answered.reduce((most, { tookMs }) => Math.max(most, tookMs), 0),
  }
}

/** What HAProxy says of one server at one moment. */
export type ServerState = {
  /** ADDRESS:PORT. */
  readonly address: string
  /** `UP`, `DOWN`, `MAINT`, `no check`, … */
  readonly status: string
  /** How often it was chosen for a request since it is there, repetitions included. */
  readonly chosen: number
}

/** All servers at one moment, ms since the epoch. */
export type Reading = { readonly atMs: number; readonly servers: readonly ServerState[] }

/** When the servers that are meant were chosen last between two times: the reading that showed it. */
export function lastChosenMs(
  readings: readonly Reading[],
  isMeant: (address: string) => boolean,
  fromMs: number,
  toMs: number,
): number | undefined {
  const known = new Map<string, number>()
  let last: number | undefined
  for (const { atMs, servers } of readings) {
    if (atMs > toMs) break
    for (const { address, chosen } of servers) {
      if (!isMeant(address)) continue
      // A counter that went back is that of a new server or of a new worker, which begins at 0.
      const before = known.get(address)
      const isChosen = before === undefined ? false : chosen < before ? chosen > 0 : chosen > before
      known.set(address, chosen)
      if (isChosen && atMs >= fromMs) last = atMs
    }
  }
  return last
}

/**
 * When the last answer came of servers that fell silent between two times: of those that answered
 * before and not in the second half. Undefined: none fell silent.
 */
export function lastWordMs(
  samples: readonly Sample[],
  fromMs: number,
  toMs: number,
): number | undefined {
  const halfMs = (fromMs + toMs) / 2
  const answers = samples
    .filter(({ server }) => server !== '')
    .map(({ server, sentMs, tookMs }) => ({ server, atMs: sentMs + tookMs }))
    .filter(({ atMs }) => atMs < toMs)
  const talking = new Set(answers.filter(({ atMs }) => atMs >= halfMs).map(({ server }) => server))
  const last = answers.filter(({ server }) => !talking.has(server)).map(({ atMs }) => atMs)
  return last.length === 0 ? undefined : last.reduce((a, b) => Math.max(a, b))
}

/** How many requests of one second each server answered: `[second, server → answers]`. */
export type Second = readonly [number, Readonly<Record<string, number>>]

/** Who answered what was sent in each second; second 0 begins with `startMs`. */
export function distribution(samples: readonly Sample[], startMs: number): readonly Second[] {
  const seconds = new Map<number, Record<string, number>>()
  for (const { sentMs, server } of samples) {
    if (server === '') continue
    const second = Math.floor((sentMs - startMs) / 1000)
    const counts = seconds.get(second) ?? {}
    counts[server] = (counts[server] ?? 0) + 1
    seconds.set(second, counts)
  }
  return [...seconds].toSorted(([a], [b]) => a - b)
}

/** Addresses that one side has and the other has not; both empty: the state is right. */
export type Difference = {
  readonly missing: readonly string[]
  readonly surplus: readonly string[]
}

/** Servers that take requests, against what should be there. */
export function difference(wanted: readonly string[], servers: readonly ServerState[]): Difference {
  const ready = servers.filter(({ status }) => /^(UP|no check)/.test(status))
  const have = new Set(ready.map(({ address }) => address))
  const want = new Set(wanted)
  return {
    missing: [...want].filter((address) => !have.has(address)),
    surplus: [...have].filter((address) => !want.has(address)),
  }
}
