import { allServed, atRest, pause, settleMs } from './at-rest.ts'
import { openFairlead } from './fronts/fairlead.ts'
import type { Fairlead } from './fronts/fairlead.ts'
import { startAnswerer } from './load/answerer.ts'
import type { Outcome, Row } from './report.ts'
import { Catalogue } from './stage/catalogue.ts'
import { openChangeStream } from './stage/change-stream.ts'
import { openConsulMeter } from './stage/consul-meter.ts'
import type { ConsulMeter } from './stage/consul-meter.ts'
import { openConsul } from './stage/consul.ts'
import { cpuMs, rssMb } from './stage/process-usage.ts'
import type { Stage } from './stage/stage.ts'
import { until } from './stage/stage.ts'
import { summary } from './statistics.ts'

const size = { services: 1000, endpointsPerService: 10, nodes: 50 }
const changes = 20
const idleSeconds = 5

type Start = {
  readonly readSeconds: number
  readonly appliedSeconds: number
  readonly requests: number
  readonly mostReads: number
}

/** What one change took; milliseconds. */
type Change = {
  readonly what: 'registered' | 'deregistered'
  readonly cpuMs: number
  readonly seenToDoneMs: number
  /** From before Consul is told of it. */
  readonly toldToDoneMs: number
  readonly requests: readonly string[]
}

/** A catalogue of 10,000 instances in Consul: what reading it asks of an agent, and following it. */
export async function consul(stage: Stage): Promise<Outcome> {
  const agent = await openConsul(stage)
  const catalogue = new Catalogue(agent, size, await startAnswerer(stage))
  console.log(`${catalogue.endpoints} endpoints in ${size.services} services, ${size.nodes} nodes`)
  await catalogue.seed()
  const meter = await openConsulMeter(stage, agent.url)
  const { fairlead, start } = await readAll(stage, meter, catalogue.endpoints)
  await atRest(fairlead)
  const before = { requests: meter.requests().length, cpuMs: cpuMs(fairlead.controllers()) }
  await pause(idleSeconds * 1000)
  const idle = {
    requests: meter.requests().slice(before.requests),
    cpuMsPerSecond: (cpuMs(fairlead.controllers()) - before.cpuMs) / idleSeconds,
  }
  const followed = await follow(fairlead, meter, catalogue)
  const rss = rssMb(fairlead.controllers())
  await fairlead.close()
  const mostConnections = meter.mostConnections()
  const details = { size, start, idle, followed, mostConnections, rssMb: rss }
  const rows = [
    ...startRows(start),
    ...changeRows(followed),
    atMost('connections to Consul, most at a time', mostConnections, '', 64),
    shown(`requests in ${idleSeconds} s without a change`, idle.requests.length, ''),
    shown('RSS', rss, 'MB'),
  ]
  return { rows, notes: [], details }
}

async function readAll(
  stage: Stage,
  meter: ConsulMeter,
  endpoints: number,
): Promise<{ readonly fairlead: Fairlead; readonly start: Start }> {
  const startedAt = performance.now()
  const seconds = (): number => (performance.now() - startedAt) / 1000
  const isRead = (): boolean =>
    meter.answered('/v1/health/service/service-') === size.services && meter.reads().now === 0
  const registry = ['--registry', `consul://${meter.address}`]
  const flags = ['--docker', 'none', ...registry, '--route', 'labelled', '--access-log', 'off']
  const [fairlead, readSeconds] = await Promise.all([
    openFairlead(stage, { flags, askEveryMs: 50 }).then((opened) => {
      console.log(`ready after ${seconds().toFixed(1)} s`)
      return opened
    }),
    until('the catalogue is read', isRead, { timeoutMs: 120_000 }).then(seconds),
  ])
  const read = { requests: meter.requests().length, mostReads: meter.reads().most }
  await allServed(fairlead, endpoints)
  return { fairlead, start: { readSeconds, appliedSeconds: seconds(), ...read } }
}

/** One endpoint more, one less, by turns, each pair in another service and on another node. */
async function follow(
  fairlead: Fairlead,
  meter: ConsulMeter,
  catalogue: Catalogue,
): Promise<readonly Change[]> {
  const stream = await openChangeStream(fairlead.socketPath)
  const results: Change[] = []
  for (let round = 0; round < changes; round += 1) {
    const pair = Math.floor(round / 2)
    const place = { service: (pair * 67) % size.services, slot: size.endpointsPerService }
    const what = round % 2 === 0 ? 'registered' : 'deregistered'
    const before = { requests: meter.requests().length, cpuMs: cpuMs(fairlead.controllers()) }
    const changed = stream.next(({ changes: lines }) => lines.length > 0)
    const toldAt = performance.now()
    if (what === 'registered') await catalogue.register(place)
    else await catalogue.deregister(place)
    const { seenToDoneMs } = await changed
    const toldToDoneMs = performance.now() - toldAt
    await pause(settleMs)
    results.push({
      what,
      cpuMs: cpuMs(fairlead.controllers()) - before.cpuMs,
      seenToDoneMs,
      toldToDoneMs,
      requests: meter.requests().slice(before.requests),
    })
  }
  stream.close()
  return results
}

function startRows(start: Start): readonly Row[] {
  return [
    atMost('start → the whole catalogue read', start.readSeconds, 's', 5),
    atMost('start: reads under way, most at a time', start.mostReads, '', 16),
    shown('start: requests', start.requests, ''),
    shown('start → all in HAProxy', start.appliedSeconds, 's'),
  ]
}

function changeRows(followed: readonly Change[]): readonly Row[] {
  const requests = followed.map((change) => change.requests.length)
  const mean = requests.reduce((sum, each) => sum + each, 0) / requests.length
  const cpu = summary(followed.map((change) => change.cpuMs))
  const done = summary(followed.map((change) => change.seenToDoneMs))
  const told = summary(followed.map((change) => change.toldToDoneMs))
  return [
    atMost('one change: requests, mean', mean, '', 3),
    shown('one change: requests, most', Math.max(...requests), ''),
    atMost('one change: CPU, median', cpu.median, 'ms', 50),
    shown('one change: CPU, p95', cpu.p95, 'ms'),
    shown('one change: seen → done, median', done.median, 'ms'),
    shown('one change: Consul told → done, median', told.median, 'ms'),
    shown('one change: Consul told → done, p95', told.p95, 'ms'),
  ]
}

const shown = (what: string, measured: number, unit: string): Row => ({
  what: `${size.services * size.endpointsPerService} endpoints in Consul: ${what}`,
  of: 'fairlead',
  measured,
  unit,
})

const atMost = (what: string, measured: number, unit: string, value: number): Row => ({
  ...shown(what, measured, unit),
  budget: { is: '<=', value },
})
