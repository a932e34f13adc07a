import { comparisons } from './fronts/comparisons.ts'
import { openFairlead } from './fronts/fairlead.ts'
import type { Front } from './fronts/front.ts'
import { startPoller } from './load/poller.ts'
import type { Poller } from './load/poller.ts'
import type { Outcome, Row } from './report.ts'
import { wallClock } from './stage/clock.ts'
import { accepts } from './stage/containers.ts'
import { httpdImage } from './stage/images.ts'
import type { Stage } from './stage/stage.ts'
import { summary } from './statistics.ts'

const service = 'converge'
const startRounds = 30
const stopRounds = 10

type Timings = {
  /** From Docker's `start` event to the first answer of the container through the front. */
  readonly fromStart: readonly number[]
  /** From when the container has started and its web server accepts connections. */
  readonly fromListening: readonly number[]
  /** From Docker's `kill` event to the last request that reached the container. */
  readonly afterKill: readonly number[]
  /** Requests that failed while the containers were stopped. */
  readonly failures: number
}

/** How long after Docker's event a container has its first request, and its last. */
export async function converge(stage: Stage): Promise<Outcome> {
  const image = await httpdImage(stage.docker)
  const { openers, notes } = comparisons()
  const measured: { name: string; timings: Timings }[] = []
  const opens = [(on: Stage) => openFairlead(on, { flags: ['--route', 'labelled'] }), ...openers]
  for (const open of opens) {
    const base = await startContainers(stage, image, 2)
    const front = await open(stage)
    console.log(`${front.name}: ${startRounds} starts, ${stopRounds} stops`)
    measured.push({ name: front.name, timings: await measure(stage, front, image, base) })
    await front.close()
    await stage.containers.removeAll()
  }
  const rows = measured.flatMap(({ name, timings }) => rowsOf(name, timings))
  return { rows, notes, details: measured }
}

async function startContainers(stage: Stage, image: string, count: number): Promise<string[]> {
  const ids: string[] = []
  for (let i = 0; i < count; i += 1) {
    const { id } = await stage.containers.start(await stage.containers.create({ image, service }))
    ids.push(id)
  }
  return ids
}

async function measure(
  stage: Stage,
  front: Front,
  image: string,
  base: readonly string[],
): Promise<Timings> {
  const now = wallClock()
  const target = { port: front.port, host: `${service}.localhost`, path: '/hostname', now }
  const poller = startPoller({ ...target, lanes: 2 })
  await Promise.all(base.map((id) => poller.first(isFrom(id))))
  const starts: { fromStart: number; fromListening: number }[] = []
  for (let round = 0; round < startRounds; round += 1) {
    starts.push(await startRound(stage, poller, image, now))
  }
  await poller.stop()

  const dense = startPoller({ ...target, lanes: 4 })
  const afterKill: number[] = []
  for (let round = 0; round < stopRounds; round += 1) {
    afterKill.push(await stopRound(stage, dense, image))
  }
  await dense.stop()
  return {
    fromStart: starts.map((each) => each.fromStart),
    fromListening: starts.map((each) => each.fromListening),
    afterKill,
    failures: dense.failures(),
  }
}

// Docker writes the first twelve letters of the id to /etc/hostname, and httpd serves that file.
const isFrom =
  (id: string) =>
  ({ body }: { readonly body: string }): boolean =>
    body.trim() === id.slice(0, 12)

async function startRound(
  stage: Stage,
  poller: Poller,
  image: string,
  now: () => number,
): Promise<{ fromStart: number; fromListening: number }> {
  const container = await stage.containers.create({ image, service })
  const event = stage.events.next(container.id, 'start')
  const first = poller.first(isFrom(container.id))
  const [{ atMs }, listeningMs, { answeredMs }] = await Promise.all([
    event,
    stage.containers.start(container).then(async ({ address }) => {
      await accepts(address, 80)
      return now()
    }),
    first,
  ])
  await stage.containers.remove(container)
  // The web server is asked directly only after Docker has said its address, so it may have been
  // listening for longer; an answer through the front proves that it was.
  const appMs = Math.min(Math.max(atMs, listeningMs), answeredMs)
  return { fromStart: answeredMs - atMs, fromListening: answeredMs - Math.max(atMs, appMs) }
}

async function stopRound(stage: Stage, poller: Poller, image: string): Promise<number> {
  const container = await stage.containers.create({ image, service })
  const inRotation = poller.first(isFrom(container.id))
  await Promise.all([stage.containers.start(container), inRotation])
  let lastSentMs = 0
  const isFromIt = isFrom(container.id)
  const release = poller.listen((poll) => {
    if (isFromIt(poll)) lastSentMs = poll.sentMs
  })
  const killed = stage.events.next(container.id, 'kill')
  // httpd as process 1 ignores SIGTERM, so it could go on answering until Docker ends it by force.
  const stopped = stage.containers.stop(container)
  const { atMs } = await killed
  await stopped
  release()
  await stage.containers.remove(container)
  return Math.max(0, lastSentMs - atMs)
}

function rowsOf(name: string, timings: Timings): readonly Row[] {
  const listening = summary(timings.fromListening)
  const start = summary(timings.fromStart)
  const stop = summary(timings.afterKill)
  const isOurs = name === 'fairlead'
  const atMost = (value: number): Pick<Row, 'budget'> =>
    isOurs ? { budget: { is: '<=', value } } : {}
  const ms = { of: name, unit: 'ms' }
  return [
    {
      what: 'app listening → first answer, median',
      ...ms,
      measured: listening.median,
      ...atMost(10),
    },
    { what: 'app listening → first answer, p95', ...ms, measured: listening.p95, ...atMost(25) },
    // Without a budget: in it are the program's own start and the time that Docker, still busy with
    // the start, takes to answer an inspect.
    { what: 'start event → first answer, median', ...ms, measured: start.median },
    { what: 'start event → first answer, p95', ...ms, measured: start.p95 },
    { what: 'kill event → last new request, median', ...ms, measured: stop.median, ...atMost(10) },
    { what: 'kill event → last new request, longest', ...ms, measured: stop.max },
    { what: 'failed requests', of: name, unit: '', measured: timings.failures, ...atMost(0) },
  ]
}
