import type { ServiceRegistration } from '../src/api/contract.ts'
import { openFairlead } from './fronts/fairlead.ts'
import type { Fairlead } from './fronts/fairlead.ts'
import { startAnswerer } from './load/answerer.ts'
import type { Outcome, Row } from './report.ts'
import { openChangeStream } from './stage/change-stream.ts'
import type { ChangeStream } from './stage/change-stream.ts'
import { cpuMs, rssMb } from './stage/process-usage.ts'
import { deregister, register, registerAll } from './stage/registrations.ts'
import type { Stage } from './stage/stage.ts'
import { until } from './stage/stage.ts'
import { summary } from './statistics.ts'
import { throughput } from './throughput.ts'

const endpoints = 10_000
const changes = 20
// Long enough for what follows a change in fairlead: verifying, writing the snapshot file.
const settleMs = 750

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
  const catalogues = [await measure(stage, port, 1), await measure(stage, port, 500)]
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
  await until('all endpoints are in HAProxy', () => isComplete(fairlead), {
    timeoutMs: 180_000,
    everyMs: 500,
  })
  const appliedSeconds = (performance.now() - startedAt) / 1000
  await settled(fairlead)
  const idleCpuMsPerSecond = await idleCost(fairlead)
  const single = await singleChanges(fairlead, stream, port)
  const rss = rssMb(fairlead.controllers())
  stream.close()
  await fairlead.close()
  const times = { registerSeconds, appliedSeconds, idleCpuMsPerSecond }
  return { services, ...times, rssMb: rss, ...single }
}

// Every address of 127.0.0.0/8 is this machine: 127.1.0.1, 127.1.0.2, …
function registration(i: number, name: string, port: number): ServiceRegistration {
  const address = `127.1.${Math.floor(i / 250)}.${(i % 250) + 1}`
  return { ID: `e${i}`, Name: name, Address: address, Port: port }
}

async function isComplete(fairlead: Fairlead): Promise<boolean> {
  const { isApplied, services } = await fairlead.status()
  const ready = services.flatMap((service) => service.endpoints.filter((e) => e.admin === 'ready'))
  return isApplied && ready.length === endpoints
}

// Asking for the status of 10,000 endpoints costs more than a change: wait without asking.
async function settled(fairlead: Fairlead): Promise<void> {
  let before = -1
  await until(
    'fairlead is idle',
    () => {
      const now = cpuMs(fairlead.controllers())
      const isIdle = before >= 0 && now - before < 20
      before = now
      return isIdle
    },
    { everyMs: 1000, timeoutMs: 60_000 },
  )
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

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

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
