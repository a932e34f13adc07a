import type { DesiredState } from '../src/model/desired-state.ts'
import type { ApplyLab } from './apply.ts'
import { desiredOf } from './apply-texts.ts'
import { startLoad } from './load/load.ts'
import type { Failure, StreamResult } from './load/plan.ts'
import type { Row } from './report.ts'

const reloads = 50
const changes = 1000
/** Between two reloads, and between two changes: a script of an impatient person. */
const reloadEveryMs = 250
const changeEveryMs = 10

/** What became of the requests while so much was changed. */
export type UnderLoad = {
  readonly reloads: Trial
  readonly changes: Trial
}

type Trial = {
  readonly streams: readonly StreamResult[]
  readonly failures: readonly Failure[]
  readonly seconds: number
  /** Counted by HAProxy's process: another worker. */
  readonly reloads: number
  readonly commands: number
}

const streams = [
  { name: 'new', method: 'GET', service: 'app', perSecond: 1000, isKeptAlive: false },
  { name: 'kept alive', method: 'GET', service: 'app', perSecond: 1000, isKeptAlive: true },
] as const

/** 50 reloads, then 1,000 runtime changes, each under 2,000 requests a second. */
export async function applyUnderLoad(lab: ApplyLab, serverPort: number): Promise<UnderLoad> {
  const options = { ...lab, serverPort, backends: 5, servers: 50 }
  await lab.applier.applyDesired(desiredOf(options))
  const reloadTexts = Array.from({ length: reloads }, (_, index) =>
    desiredOf({ ...options, queueMs: 5001 + index }),
  )
  const last = { ...options, queueMs: 5000 + reloads }
  const changeTexts = Array.from({ length: changes }, (_, index) =>
    // Servers come, change and go by turns.
    desiredOf({
      ...last,
      servers: 50 + (index % 3),
      weights: new Map([[index % 50, (index % 7) + 1]]),
    }),
  )
  return {
    reloads: await trial(lab, reloadTexts, reloadEveryMs),
    changes: await trial(lab, changeTexts, changeEveryMs),
  }
}

async function trial(
  lab: ApplyLab,
  texts: readonly DesiredState[],
  everyMs: number,
): Promise<Trial> {
  const before = lab.haproxy.reloads
  const load = startLoad(lab.port, streams)
  let commands = 0
  try {
    await pause(1000)
    for (const text of texts) {
      const next = pause(everyMs)
      const result = await lab.applier.applyDesired(text)
      commands += result.commands.length
      await next
    }
    await pause(500)
    const { streams: results, failures, seconds } = await load.stop()
    const count = lab.haproxy.reloads - before
    return { streams: results, failures, seconds, reloads: count, commands }
  } finally {
    await load.abort()
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Failures are counted, and reloads: neither depends on how fast the machine is. */
export function loadRows(of: string, measured: UnderLoad): readonly Row[] {
  const trials = [
    { name: `${reloads} reloads`, trial: measured.reloads, expected: reloads },
    { name: `${changes.toLocaleString('en')} changes`, trial: measured.changes, expected: 0 },
  ]
  return trials.flatMap(({ name, trial: { streams: results, reloads: count }, expected }) => [
    ...results.flatMap((each) => rowsOfStream(of, name, each)),
    {
      what: `reloads in ${name}, more than asked for`,
      of,
      measured: count - expected,
      unit: '',
      budget: { is: '<=', value: 0 } as const,
    },
  ])
}

function rowsOfStream(of: string, name: string, result: StreamResult): readonly Row[] {
  const { stream, sent, failed, onClosing } = result
  const what = `failed of ${sent.toLocaleString('en')}, ${stream.name}, ${name}`
  const failures = { what, of, measured: failed - onClosing, unit: 'requests' }
  const row: Row = { ...failures, budget: { is: '<=', value: 0 } }
  if (!stream.isKeptAlive) return [row]
  return [
    row,
    { ...failures, what: `  sent on a connection just being closed`, measured: onClosing },
  ]
}
