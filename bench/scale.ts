import type { ServiceDefinition } from '../src/consul/types.ts'
import { allServed, atRest, pause, settleMs } from './at-rest.ts'
import { openFairlead } from './fronts/fairlead.ts'
import type { Fairlead } from './fronts/fairlead.ts'
import { startAnswerer } from './load/answerer.ts'
import type { Outcome, Row } from './report.ts'
import { openChangeStream } from './stage/change-stream.ts'
import type { ChangeStream } from './stage/change-stream.ts'
import { cpuMs, rssMb } from './stage/process-usage.ts'
import { deregister, register, registerAll } from './stage/registrations.ts'
import type { Stage } from './stage/stage.ts'
import { summary } from './statistics.ts'
import { throughput } from './throughput.ts'

const endpoints = 10_000
const changes = 20

type Catalogue = {
  readonly services: number
  readonly registerSeconds: number
  readonly appliedSeconds: number
  readonly rssMb: number
  readonly cpuMsPerChange: readonly number[]
  readonly seenToDoneMs: readonly number[]
  readonly idleCpuMsPerSecond: number
}

/** Ten thousand endpoints: what one change costs; and throughput beside a hand-written one. */
export async function scale(stage: Stage): Promise<Outcome> {
  const port = await startAnswerer(stage)
  const catalogues = [
    await measure(stage, port, 1),
    await measure(stage, port, 500),
    await measure(stage, port, 1000),
  ]
  const through = await throughput(stage)
  return {
    rows: [...catalogues.flatMap(rowsOf), ...through.rows],
    notes: through.notes,
    details: { catalogues, throughput: through.details },
  }
}

async function measure(stage: Stage, port: number, services: number): Promise<Catalogue> {
  console.log(`${endpoints} endpoints in ${services} service(s)`)
  const flags = ['--docker', 'none', '--route', 'all', '--access-log', 'off']
  const fairlead = await openFairlead(stage, { flags })
  const stream = await openChangeStream(fairlead.socketPath)
  const registrations = Array.from({ length: endpoints }, (_, i) =>
    registration(i, `service-${i % services}`, port),
  )
  const startedAt = performance.now()
  await registerAll(fairlead.socketPath, registrations)
  const registerSeconds = (performance.now() - startedAt) / 1000
  await allServed(fairlead, endpoints)
  const appliedSeconds = (performance.now() - startedAt) / 1000
  await atRest(fairlead)
  const idleCpuMsPerSecond = await idleCost(fairlead)
  const single = await singleChanges(fairlead, stream, port)
  const rss = rssMb(fairlead.controllers())
  stream.close()
  await fairlead.close()
  const times = { registerSeconds, appliedSeconds, idleCpuMsPerSecond }
  return { services, ...times, rssMb: rss, ...single }
}

// Every address of 127.0.0.0/8 is this machine: 127.1.0.1, 127.1.0.2, …
function registration(i: number, name: string, port: number): ServiceDefinition {
  const address = `127.1.${Math.floor(i / 250)}.${(i % 250) + 1}`
  return { ID: `e${i}`, Name: name, Address: address, Port: port }
}

async function idleCost(fairlead: Fairlead): Promise<number> {
  const before = cpuMs(fairlead.controllers())
  await pause(5000)
  return (cpuMs(fairlead.controllers()) - before) / 5
}

/** One endpoint more, one less, by turns; the CPU of fairlead until it is at rest again. */
async function singleChanges(
  fairlead: Fairlead,
  stream: ChangeStream,
  port: number,
): Promise<Pick<Catalogue, 'cpuMsPerChange' | 'seenToDoneMs'>> {
  const cpuMsPerChange: number[] = []
  const seenToDoneMs: number[] = []
  for (let round = 0; round < changes; round += 1) {
    const before = cpuMs(fairlead.controllers())
    const changed = stream.next(({ changes: lines }) => lines.length > 0)
    if (round % 2 === 0) {
      await register(fairlead.socketPath, { ...registration(endpoints, 'service-0', port) })
    } else await deregister(fairlead.socketPath, `e${endpoints}`)
    seenToDoneMs.push((await changed).seenToDoneMs)
    await pause(settleMs)
    cpuMsPerChange.push(cpuMs(fairlead.controllers()) - before)
  }
  return { cpuMsPerChange, seenToDoneMs }
}

function rowsOf(catalogue: Catalogue): readonly Row[] {
  const where = `${endpoints} endpoints in ${catalogue.services}`
  const cpu = summary(catalogue.cpuMsPerChange)
  const done = summary(catalogue.seenToDoneMs)
  const of = 'fairlead'
  return [
    {
      what: `${where}: CPU of one change, median`,
      of,
      measured: cpu.median,
      unit: 'ms',
      budget: { is: '<=', value: 50 },
    },
    { what: `${where}: CPU of one change, p95`, of, measured: cpu.p95, unit: 'ms' },
    { what: `${where}: one change, seen → done, median`, of, measured: done.median, unit: 'ms' },
    { what: `${where}: registering them`, of, measured: catalogue.registerSeconds, unit: 's' },
    { what: `${where}: all in HAProxy`, of, measured: catalogue.appliedSeconds, unit: 's' },
    { what: `${where}: RSS`, of, measured: catalogue.rssMb, unit: 'MB' },
  ]
}
