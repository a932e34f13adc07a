import { comparisons } from './fronts/comparisons.ts'
import { openFairlead } from './fronts/fairlead.ts'
import type { Fairlead } from './fronts/fairlead.ts'
import type { Front } from './fronts/front.ts'
import type { Outcome, Row } from './report.ts'
import { inTurns } from './stage/containers.ts'
import { httpdImage } from './stage/images.ts'
import { cpuMs, rssMb } from './stage/process-usage.ts'
import type { Stage } from './stage/stage.ts'
import { summary } from './statistics.ts'

const containers = 30
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

/** What it costs to have it running, and how fast it is back beside its HAProxy. */
export async function footprint(stage: Stage): Promise<Outcome> {
  const image = await httpdImage(stage.docker)
  const { openers, notes } = comparisons()
  await inTurns(Array.from({ length: containers }), 2, async () =>
    stage.containers.start(await stage.containers.create({ image, service: 'idle' })),
  )
  const fairlead = await openFairlead(stage, { flags: ['--route', 'labelled'] })
  const footprints = [await idle(fairlead)]
  const startsMs = await adoptions(fairlead)
  await fairlead.close()
  for (const open of openers) {
    const front = await open(stage)
    footprints.push(await idle(front))
    await front.close()
  }
  const rows = [...footprints.flatMap(rowsOf), ...startRows(startsMs)]
  return { rows, notes, details: { footprints, startsMs } }
}

async function idle(front: Front): Promise<Footprint> {
  console.log(`${front.name}: idle for ${watchedSeconds} s`)
  await pause(5)
  const controllers = front.controllers()
  const proxies = await front.proxies()
  const before = [cpuMs(controllers), cpuMs(proxies)]
  await pause(watchedSeconds)
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

const pause = (seconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, seconds * 1000))

function rowsOf(footprint: Footprint): readonly Row[] {
  const of = footprint.name
  const isOurs = of === 'fairlead'
  const budget = (is: '<=' | '<', value: number): Pick<Row, 'budget'> =>
    isOurs ? { budget: { is, value } } : {}
  const { controllerRssMb, controllerCpuPercent, proxyRssMb, proxyCpuPercent } = footprint
  const controllers: readonly Row[] = [
    {
      what: 'RSS beside the proxy',
      of,
      measured: controllerRssMb,
      unit: 'MB',
      ...budget('<=', 75),
    },
    {
      what: 'CPU beside the proxy',
      of,
      measured: controllerCpuPercent,
      unit: '%',
      ...budget('<', 0.5),
    },
  ]
  return [
    ...(controllerRssMb > 0 || isOurs ? controllers : []),
    { what: 'RSS of the proxy', of, measured: proxyRssMb, unit: 'MB' },
    { what: 'CPU of the proxy', of, measured: proxyCpuPercent, unit: '%' },
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
