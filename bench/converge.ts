import { ratioRows, rowsOf } from './converge-rows.ts'
import type { Budgets, Timings } from './converge-rows.ts'
import { comparisons } from './fronts/comparisons.ts'
import { openDropIn, openFairleadConsul } from './fronts/fairlead-consul.ts'
import { openFairlead } from './fronts/fairlead.ts'
import type { Front, OpenFront } from './fronts/front.ts'
import { startPoller } from './load/poller.ts'
import type { Poller } from './load/poller.ts'
import type { Outcome } from './report.ts'
import { wallClock } from './stage/clock.ts'
import { accepts } from './stage/containers.ts'
import { httpdImage } from './stage/images.ts'
import { watchService } from './stage/service-watch.ts'
import type { ServiceWatch } from './stage/service-watch.ts'
import type { Stage } from './stage/stage.ts'

const service = 'converge'
const startRounds = 30
const stopRounds = 10

/** A front, and the times that it has to keep. */
type Contender = { readonly open: OpenFront; readonly budgets?: Budgets }

const embedded: Contender = {
  open: (stage) => openFairlead(stage, { flags: ['--route', 'labelled'] }),
  budgets: { listeningMs: { median: 10, p95: 25 }, killMs: 10, failures: 0 },
}

// Registrator, and so what stands in for it, deregisters a container when it has ended: until then
// it gets requests, so how long it does so has no budget there.
const withConsul: readonly Contender[] = [
  {
    open: openFairleadConsul,
    budgets: { listeningMs: { median: 20, p95: 40 }, killMs: 10, failures: 0 },
  },
  { open: openDropIn([service]), budgets: { failures: 0 } },
]

/** How long after Docker's event a container has its first request, and its last. */
export const converge = (stage: Stage): Promise<Outcome> => compare(stage, [embedded])

/** The same with a Consul agent between the container and the front, in one run with that without. */
export const convergeConsul = (stage: Stage): Promise<Outcome> =>
  compare(stage, [embedded, ...withConsul])

async function compare(stage: Stage, ours: readonly Contender[]): Promise<Outcome> {
  const image = await httpdImage(stage.docker)
  const { openers, notes } = comparisons()
  const contenders: readonly Contender[] = [...ours, ...openers.map((open) => ({ open }))]
  const measured: { name: string; timings: Timings; budgets: Budgets }[] = []
  for (const { open, budgets = {} } of contenders) {
    const base = await startContainers(stage, image, 2)
    const front = await open(stage)
    console.log(`${front.name}: ${startRounds} starts, ${stopRounds} stops`)
    const timings = await measure(stage, front, image, base)
    measured.push({ name: front.name, timings, budgets })
    await front.close()
    await stage.containers.removeAll()
  }
  const rows = measured.flatMap(({ name, timings, budgets }) => rowsOf(name, timings, budgets))
  const details = measured.map(({ name, timings }) => ({ name, timings }))
  return { rows: [...rows, ...ratioRows(measured)], notes, details }
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
  const { consulUrl } = front
  const watch = consulUrl === undefined ? undefined : watchService(consulUrl, service, now)
  const starts: Start[] = []
  for (let round = 0; round < startRounds; round += 1) {
    starts.push(await startRound(stage, { poller, watch, now }, image))
  }
  watch?.close()
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
    toRegistered: starts.flatMap((each) => each.registered?.fromStart ?? []),
    fromRegistered: starts.flatMap((each) => each.registered?.toAnswer ?? []),
    afterKill,
    failures: dense.failures(),
  }
}

// Docker writes the first twelve letters of the id to /etc/hostname, and httpd serves that file.
const isFrom =
  (id: string) =>
  ({ body }: { readonly body: string }): boolean =>
    body.trim() === id.slice(0, 12)

/** Milliseconds of one container's start; `registered` where there is a Consul. */
type Start = {
  readonly fromStart: number
  readonly fromListening: number
  readonly registered: { readonly fromStart: number; readonly toAnswer: number } | undefined
}

type Witnesses = {
  readonly poller: Poller
  readonly watch: ServiceWatch | undefined
  readonly now: () => number
}

async function startRound(
  stage: Stage,
  { poller, watch, now }: Witnesses,
  image: string,
): Promise<Start> {
  const container = await stage.containers.create({ image, service })
  const event = stage.events.next(container.id, 'start')
  const first = poller.first(isFrom(container.id))
  const [{ atMs }, listeningMs, { answeredMs }, registeredMs] = await Promise.all([
    event,
    stage.containers.start(container).then(async ({ address }) => {
      await accepts(address, 80)
      return now()
    }),
    first,
    watch?.first(container.name),
  ])
  await stage.containers.remove(container)
  // The web server is asked directly only after Docker has said its address, so it may have been
  // listening for longer; an answer through the front proves that it was.
  const appMs = Math.min(Math.max(atMs, listeningMs), answeredMs)
  return {
    fromStart: answeredMs - atMs,
    fromListening: answeredMs - Math.max(atMs, appMs),
    // The front may have read of it before the bench has.
    registered:
      registeredMs === undefined
        ? undefined
        : {
            fromStart: registeredMs - atMs,
            toAnswer: Math.max(0, answeredMs - registeredMs),
          },
  }
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
