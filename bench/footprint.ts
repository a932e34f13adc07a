import { pause } from './at-rest.ts'
import { comparisons } from './fronts/comparisons.ts'
import { openFairleadConsul } from './fronts/fairlead-consul.ts'
import { openFairlead } from './fronts/fairlead.ts'
import type { Fairlead } from './fronts/fairlead.ts'
import type { Front } from './fronts/front.ts'
import { missing } from './fronts/programs.ts'
import { ownRegistrator, startRegistrator } from './fronts/registrator.ts'
import type { Outcome, Row } from './report.ts'
import { openConsul } from './stage/consul.ts'
import { inTurns } from './stage/containers.ts'
import { httpdImage } from './stage/images.ts'
import { cpuMs, rssMb } from './stage/process-usage.ts'
import type { Stage } from './stage/stage.ts'
import { until } from './stage/stage.ts'
import { summary } from './statistics.ts'

const containers = 30
const service = 'idle'
const watchedSeconds = 30
const restarts = 10

type Footprint = {
  readonly name: string
  readonly controllerRssMb: number
  readonly proxyRssMb: number
  /** Share of one processor in percent. */
  readonly controllerCpuPercent: number
  readonly proxyCpuPercent: number
}

/** What a name has to keep: megabytes, and percent of a processor. */
type Budget = { readonly rssMb: number; readonly cpuPercent: number }

const budgets: Readonly<Record<string, Budget>> = {
  fairlead: { rssMb: 75, cpuPercent: 0.5 },
  'fairlead registrator': { rssMb: 65, cpuPercent: 0.5 },
}

/** What it costs to have it running, and how fast it is back beside its HAProxy. */
export async function footprint(stage: Stage): Promise<Outcome> {
  const image = await httpdImage(stage.docker)
  const { openers, notes } = comparisons()
  await inTurns(Array.from({ length: containers }), 2, async () =>
    stage.containers.start(await stage.containers.create({ image, service })),
  )
  const fairlead = await openFairlead(stage, { flags: ['--route', 'labelled'] })
  const footprints = [await idle(fairlead)]
  const startsMs = await adoptions(fairlead)
  await fairlead.close()
  footprints.push(await registrator(stage, 'fairlead registrator', ownRegistrator))
  if (missing(['registrator']).length === 0) {
    footprints.push(await registrator(stage, 'registrator', ['registrator']))
  }
  for (const open of [openFairleadConsul, ...openers]) {
    const front = await open(stage)
    footprints.push(await idle(front))
    await front.close()
  }
  const rows = [...footprints.flatMap(rowsOf), ...startRows(startsMs)]
  return { rows, notes, details: { footprints, startsMs } }
}

/** A program that registers the containers in a Consul of its own, which is not counted. */
async function registrator(
  stage: Stage,
  name: string,
  command: readonly string[],
): Promise<Footprint> {
  const consul = await openConsul(stage)
  const program = await startRegistrator(stage, consul.address, command)
  await until(`${name} has registered the containers`, async () => {
    if (!program.isRunning()) throw new Error(`${name} has ended:\n${program.output()}`)
    const { body } = await consul.api<readonly unknown[]>('GET', `/v1/health/service/${service}`)
    return body.length >= containers
  })
  const footprint = await idle({ name, controllers: () => [program.pid], proxies: () => [] })
  await program.end()
  await consul.close()
  return footprint
}

async function idle(front: Pick<Front, 'name' | 'controllers' | 'proxies'>): Promise<Footprint> {
  console.log(`${front.name}: idle for ${watchedSeconds} s`)
  await pause(5000)
  const controllers = front.controllers()
  const proxies = await front.proxies()
  const before = [cpuMs(controllers), cpuMs(proxies)]
  await pause(watchedSeconds * 1000)
  const after = [cpuMs(controllers), cpuMs(proxies)]
  const [controllerCpuPercent = 0, proxyCpuPercent = 0] = after.map(
    (ms, i) => (ms - (before[i] ?? 0)) / watchedSeconds / 10,
  )
  return {
    name: front.name,
    controllerRssMb: rssMb(controllers),
    proxyRssMb: rssMb(proxies),
    controllerCpuPercent,
    proxyCpuPercent,
  }
}

/** From the start of the process to `/readyz`, its HAProxy having served all the while. */
async function adoptions(fairlead: Fairlead): Promise<readonly number[]> {
  const [master] = await fairlead.proxies()
  const times: number[] = []
  for (let round = 0; round < restarts; round += 1) {
    await fairlead.leave()
    times.push(await fairlead.start())
  }
  const { haproxy } = await fairlead.status()
  if (haproxy.masterPid !== master) throw new Error('fairlead started another HAProxy.')
  return times
}

function rowsOf(footprint: Footprint): readonly Row[] {
  const of = footprint.name
  const { controllerRssMb, controllerCpuPercent, proxyRssMb, proxyCpuPercent } = footprint
  const budget = (is: '<=' | '<', value: number | undefined): Pick<Row, 'budget'> =>
    value === undefined ? {} : { budget: { is, value } }
  const controllers: readonly Row[] = [
    {
      what: 'RSS beside the proxy',
      of,
      measured: controllerRssMb,
      unit: 'MB',
      ...budget('<=', budgets[of]?.rssMb),
    },
    {
      what: 'CPU beside the proxy',
      of,
      measured: controllerCpuPercent,
      unit: '%',
      ...budget('<', budgets[of]?.cpuPercent),
    },
  ]
  const proxy: readonly Row[] = [
    { what: 'RSS of the proxy', of, measured: proxyRssMb, unit: 'MB' },
    { what: 'CPU of the proxy', of, measured: proxyCpuPercent, unit: '%' },
  ]
  return [
    ...(controllerRssMb > 0 || of in budgets ? controllers : []),
    ...(proxyRssMb > 0 ? proxy : []),
  ]
}

function startRows(startsMs: readonly number[]): readonly Row[] {
  const { median, max } = summary(startsMs)
  const of = 'fairlead'
  const budget = { is: '<=', value: 400 } as const
  return [
    { what: 'start → ready, HAProxy adopted, median', of, measured: median, unit: 'ms', budget },
    { what: 'start → ready, HAProxy adopted, longest', of, measured: max, unit: 'ms' },
  ]
}
