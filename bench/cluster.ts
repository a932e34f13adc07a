import { DrillStage } from '../drills/stage.ts'
import type { Host } from '../test/lab/host.ts'
import { balancingAmong, memoryOf } from './cluster-memory.ts'
import type { PartMemory } from './cluster-memory.ts'
import { startPoller } from './load/poller.ts'
import type { Poller } from './load/poller.ts'
import type { Outcome, Row } from './report.ts'
import { wallClock } from './stage/clock.ts'
import { DockerEvents } from './stage/docker-events.ts'
import { httpdImage } from './stage/images.ts'
import { until } from './stage/stage.ts'
import type { Stage } from './stage/stage.ts'
import { summary } from './statistics.ts'

const service = 'demo-hostname'
const label = 'bench.fairlead.cluster'
const few = 3
const many = 30
/** How many come one after the other in the end. */
const further = 10
const budgetMs = 150

/** One task's way into traffic, ms. */
type Arrival = { readonly node: string; readonly id: string; readonly fromStartMs: number }

/**
 * Three hosts in a swarm, an agent each that registers tasks in Consul, and HAProxy on the overlay
 * network: how long after its start each task of a service that is scaled 3 → 30 answers its first
 * request, the same for ten more that come one after the other, and the memory of each part on each
 * node.
 */
export async function cluster(stage: Stage): Promise<Outcome> {
  const drillStage = await DrillStage.open({ shape: 'overlay', webServers: 0 })
  stage.onClose(() => drillStage.close())
  const { lab, balancer } = drillStage
  // As deploy/ has it.
  for (const host of lab.hosts) host.prefer(balancingAmong(host.pids()))
  const [image = ''] = await lab.each(({ dockerApi }) => httpdImage(dockerApi))
  const now = wallClock()
  const starts = await watchStarts(lab.hosts, stage)
  await createService(lab.host(1), image)
  const [address = '', port = ''] = balancer.address.split(':')
  const target = { address, port: Number(port), host: `${service}.localhost`, path: '/hostname' }
  // All hosts share this machine's processors: it is asked no oftener than is needed to meet each
  // server within some 40 ms.
  const poller = startPoller({ ...target, lanes: 4, pauseMs: 4, now })
  try {
    const firsts = watchFirsts(poller)
    await until(`${few} tasks answer`, () => firsts.size === few, { timeoutMs: 60_000 })
    const before = new Set(firsts.keys())
    // Before that there was nothing to answer.
    const failuresBefore = poller.failures()
    console.log(`${few} tasks answer; scale ${few} → ${many}`)
    await lab.host(1).docker('service', 'scale', '--detach', `${service}=${many}`)
    await until(`${many} tasks answer`, () => firsts.size >= many, { timeoutMs: 180_000 })
    const arrivalsSince = (known: ReadonlySet<string>): Arrival[] =>
      [...firsts]
        .filter(([id]) => !known.has(id))
        .map(([id, answeredMs]) => arrival(id, answeredMs, starts))
    const arrivals = arrivalsSince(before)
    const first = new Set(firsts.keys())
    for (let count = many + 1; count <= many + further; count += 1) {
      await lab.host(1).docker('service', 'scale', '--detach', `${service}=${count}`)
      await until(`${count} tasks answer`, () => firsts.size >= count, { timeoutMs: 60_000 })
    }
    const single = arrivalsSince(first)
    const failures = poller.failures() - failuresBefore
    await poller.stop()
    const memory = lab.hosts.map((host) => ({ node: host.name, parts: memoryOf(host.pids()) }))
    return outcome({ arrivals, single }, failures, memory)
  } finally {
    await poller.stop()
  }
}

type Started = { readonly node: string; readonly atMs: number }

/** By the first twelve letters of the container's id: when its daemon said `start`. */
async function watchStarts(
  hosts: readonly Host[],
  stage: Stage,
): Promise<ReadonlyMap<string, Started>> {
  const starts = new Map<string, Started>()
  const abort = new AbortController()
  stage.onClose(async () => abort.abort())
  for (const { name, dockerSocket } of hosts) {
    const target = { socketPath: dockerSocket }
    const events = await DockerEvents.open(target, `${label}=task`, abort.signal)
    events.listen(({ action, id, atMs }) => {
      if (action === 'start') starts.set(id.slice(0, 12), { node: name, atMs })
    })
  }
  return starts
}

async function createService(manager: Host, image: string): Promise<void> {
  const words = ['service', 'create', '--detach', '--name', service, '--replicas', String(few)]
  const where = ['--network', 'apps', '--endpoint-mode', 'dnsrr', '--no-resolve-image']
  const meta = ['--env', `SERVICE_NAME=${service}`, '--env', 'SERVICE_TAGS=fairlead.enable=true']
  await manager.docker(...words, ...where, ...meta, '--container-label', `${label}=task`, image)
}

/** By container: when its first answer came. httpd's is the first twelve letters of its id. */
function watchFirsts(poller: Poller): ReadonlyMap<string, number> {
  const firsts = new Map<string, number>()
  poller.listen(({ body, answeredMs }) => {
    const id = body.trim()
    if (!firsts.has(id)) firsts.set(id, answeredMs)
  })
  return firsts
}

function arrival(id: string, answeredMs: number, starts: ReadonlyMap<string, Started>): Arrival {
  const started = starts.get(id)
  if (started === undefined) throw new Error(`no daemon told of the start of ${id}`)
  return { id, node: started.node, fromStartMs: answeredMs - started.atMs }
}

type NodeMemory = { readonly node: string; readonly parts: readonly PartMemory[] }

function outcome(
  {
    arrivals,
    single,
  }: { readonly arrivals: readonly Arrival[]; readonly single: readonly Arrival[] },
  failures: number,
  memory: readonly NodeMemory[],
): Outcome {
  const times = summary(arrivals.map(({ fromStartMs }) => fromStartMs))
  const singles = summary(single.map(({ fromStartMs }) => fromStartMs))
  const of = 'fairlead, Consul, swarm'
  const what = 'task started → first answer'
  const budget = { is: '<=', value: budgetMs } as const
  const rows: readonly Row[] = [
    { what: `${what}, median`, of, measured: times.median, unit: 'ms' },
    { what: `${what}, p95`, of, measured: times.p95, unit: 'ms', budget },
    { what: `${what}, longest`, of, measured: times.max, unit: 'ms' },
    { what: `${what}, one at a time, median`, of, measured: singles.median, unit: 'ms' },
    { what: `${what}, one at a time, longest`, of, measured: singles.max, unit: 'ms' },
    { what: 'failed requests', of, measured: failures, unit: '', budget: { is: '<=', value: 0 } },
    ...memory.flatMap(({ node, parts }) =>
      parts.map(({ part, rssMb }) => ({
        what: `RSS, ${part}`,
        of: node,
        measured: rssMb,
        unit: 'MB',
      })),
    ),
  ]
  const notes = [
    `${arrivals.length} tasks; started: the \`start\` event of the task's own daemon`,
    'fairlead, HAProxy and Consul have eight times the share of the processor, as in deploy/',
  ]
  return { rows, notes, details: { times, singles, arrivals, single, memory } }
}
