import { comparisons } from './fronts/comparisons.ts'
import { openFairlead } from './fronts/fairlead.ts'
import type { Front } from './fronts/front.ts'
import { Fleet } from './fleet.ts'
import { startLoad } from './load/load.ts'
import type { LoadResult, Stream, StreamResult } from './load/plan.ts'
import type { Outcome, Row } from './report.ts'
import { webServerImage } from './stage/images.ts'
import type { Stage } from './stage/stage.ts'
import { until } from './stage/stage.ts'
import { call } from '../demo/http.ts'

// 1,000 GETs and 100 POSTs a second, half of each on new connections. `shop` is scaled and killed;
// `news` is there for answers that came from a stranger; every server of `orders` serves on for a
// second after SIGTERM, and is never killed without one.
const streams: readonly Stream[] = [
  ...pair('GET', 'shop', 600),
  ...pair('GET', 'news', 200),
  ...pair('GET', 'orders', 200),
  ...pair('POST', 'orders', 50),
  ...pair('POST', 'shop', 50),
]

function pair(method: 'GET' | 'POST', service: string, perSecond: number): readonly Stream[] {
  return [false, true].map((isKeptAlive) => ({
    name: `${method} ${service}, ${isKeptAlive ? 'kept-alive' : 'new'} connections`,
    method,
    service,
    perSecond: perSecond / 2,
    isKeptAlive,
  }))
}

type Size = { readonly peak: number; readonly kills: number }

// The comparisons get a shorter run of the same kind: their figures are not budgets.
const full: Size = { peak: 20, kills: 4 }
const short: Size = { peak: 8, kills: 2 }

type Trial = {
  readonly name: string
  readonly size: Size
  readonly load: LoadResult
  readonly reloads: number
  readonly reasons: readonly string[]
  readonly containersStarted: number
  readonly endedAbruptly: number
}

/** Constant load while containers are added, stopped, replaced and killed. */
export async function hitless(stage: Stage): Promise<Outcome> {
  const image = await webServerImage(stage.docker)
  const { openers, notes } = comparisons()
  const labelled = (on: Stage): Promise<Front> =>
    openFairlead(on, { flags: ['--route', 'labelled'] })
  const trials = [await trial(stage, image, labelled, full)]
  for (const open of openers) trials.push(await trial(stage, image, open, short))
  return {
    rows: trials.flatMap(rowsOf),
    notes: [...notes, ...trials.flatMap(remarks)],
    details: trials,
  }
}

async function trial(
  stage: Stage,
  image: string,
  open: (stage: Stage) => Promise<Front>,
  size: Size,
): Promise<Trial> {
  const fleet = new Fleet(stage.containers, image)
  await fleet.scale('shop', 2)
  await fleet.scale('news', 3)
  await fleet.scale('orders', 3, ['linger'])
  const front = await open(stage)
  await routed(front)
  const reloadsBefore = await front.reloads()
  const reasonsBefore = front.reasons?.().length ?? 0
  const load = startLoad(front.port, streams)
  stage.onClose(() => load.abort())

  const say = (text: string): void => console.log(`${front.name}: ${text}`)
  say(`shop 2 → ${size.peak}`)
  await fleet.scale('shop', size.peak)
  say('every container is replaced')
  await fleet.replaceAll()
  say(`${size.kills} containers of shop are killed`)
  await fleet.kill('shop', size.kills)
  say('shop → 2')
  await fleet.scale('shop', 2)
  const result = await load.stop()
  const reloads = (await front.reloads()) - reloadsBefore
  const reasons = (front.reasons?.() ?? []).slice(reasonsBefore)
  await front.close()
  await stage.containers.removeAll()
  const { started: containersStarted, endedAbruptly } = fleet
  return {
    name: front.name,
    size,
    load: result,
    reloads,
    reasons,
    containersStarted,
    endedAbruptly,
  }
}

/** Waits until each service answers through the front. */
async function routed(front: Front): Promise<void> {
  for (const service of ['shop', 'news', 'orders']) {
    const headers = { host: `${service}.localhost` }
    await until(`${front.name} routes ${service}`, async () => {
      const answer = await call({ host: '127.0.0.1', port: front.port }, 'GET', '/', { headers })
      return answer.status === 200 && answer.body.startsWith(`${service} `)
    })
  }
}

function rowsOf({ name, load, reloads }: Trial): readonly Row[] {
  const isOurs = name === 'fairlead'
  const none: Pick<Row, 'budget'> = isOurs ? { budget: { is: '<=', value: 0 } } : {}
  const of = name
  const pick = (test: (stream: Stream) => boolean): readonly StreamResult[] =>
    load.streams.filter(({ stream }) => test(stream))
  const gets = (isKeptAlive: boolean): readonly StreamResult[] =>
    pick((stream) => stream.method === 'GET' && stream.isKeptAlive === isKeptAlive)
  const posts = (service: string): readonly StreamResult[] =>
    pick((stream) => stream.method === 'POST' && stream.service === service)
  const count = (
    key: 'failed' | 'wrongBodies' | 'sent' | 'late',
    all: readonly StreamResult[],
  ): number => all.reduce((sum, result) => sum + result[key], 0)
  const rate = (all: readonly StreamResult[]): number => count('sent', all) / load.seconds
  const isGet = (stream: Stream): boolean => stream.method === 'GET'
  const worst = Math.max(...pick(isGet).map(({ latencyMs }) => latencyMs.p99))
  const least = (value: number): Pick<Row, 'budget'> =>
    isOurs ? { budget: { is: '>=', value } } : {}
  return [
    {
      what: 'failed GETs, new connections',
      of,
      measured: count('failed', gets(false)),
      unit: '',
      ...none,
    },
    {
      what: 'failed GETs, kept-alive connections',
      of,
      measured: count('failed', gets(true)),
      unit: '',
      ...none,
    },
    { what: 'wrong bodies', of, measured: count('wrongBodies', load.streams), unit: '', ...none },
    {
      what: 'POSTs lost, servers that serve on',
      of,
      measured: count('failed', posts('orders')),
      unit: '',
      ...none,
    },
    {
      what: 'POSTs lost, abrupt ends among them',
      of,
      measured: count('failed', posts('shop')),
      unit: '',
    },
    { what: 'reloads', of, measured: reloads, unit: '', ...none },
    { what: 'GETs sent', of, measured: rate(pick(isGet)), unit: '/s', ...least(990) },
    { what: 'POSTs sent', of, measured: rate(pick((s) => !isGet(s))), unit: '/s', ...least(99) },
    {
      what: 'sent more than 50 ms late',
      of,
      measured: (100 * count('late', load.streams)) / count('sent', load.streams),
      unit: '%',
    },
    { what: 'GET latency, p99 of the worst stream', of, measured: worst, unit: 'ms' },
  ]
}

function remarks(trial: Trial): readonly string[] {
  const { name, size, load, reasons, containersStarted, endedAbruptly } = trial
  const seconds = load.seconds.toFixed(0)
  const first = load.failures.slice(0, 5).map(({ stream, why }) => `  ${stream}: ${why}`)
  return [
    `${name}: 2 → ${size.peak} → 2 in ${seconds} s, ${containersStarted} containers started, ` +
      `${endedAbruptly} of them ended without a word (SIGKILL, or exit at SIGTERM)`,
    ...reasons.slice(0, 5).map((reason) => `  ${reason}`),
    ...first,
  ]
}
