import { wallClock } from '../bench/stage/clock.ts'
import { distribution, lastChosenMs, lastWordMs, tally } from './account.ts'
import { judge } from './drill.ts'
import type { Drill, Outcome } from './drill.ts'
import { startLoad } from './load/load.ts'
import type { Stream } from './load/plan.ts'
import { backend, DrillStage, host } from './stage.ts'
import { watchServers } from './watch-servers.ts'

/** Steady load before the fault, and after all is right again. */
const steadyMs = 3000
/** All must be right after so long, whatever the limit is: else something is broken. */
const mostMs = 120_000

/** How long clients wait for an answer. */
const standardPatienceMs = 15_000

const streams: readonly Stream[] = [
  { name: 'new connections', method: 'GET', perSecond: 100, isKeptAlive: false },
  { name: 'kept-alive connections', method: 'GET', perSecond: 100, isKeptAlive: true },
  { name: 'POST', method: 'POST', perSecond: 20, isKeptAlive: true },
]

export type Watcher = {
  /** One line for each step. */
  readonly say: (text: string) => void
  /** Gets the stage, to close it where the run is broken off. */
  readonly opened?: (stage: DrillStage) => void
}

/** Runs one drill on a stage of its own. */
export async function runDrill(drill: Drill, { say, opened }: Watcher): Promise<Outcome> {
  const beganMs = performance.now()
  const stage = await DrillStage.open(drill.stage)
  opened?.(stage)
  try {
    await drill.prepare?.(stage)
    await stage.untilRight(mostMs)
    say('load')
    const measured = await underLoad(drill, stage, say)
    const seconds = (performance.now() - beganMs) / 1000
    const { name, title, limits } = drill
    const outcome = { name, title, limits, seconds, ...measured }
    return { ...outcome, missed: judge(outcome) }
  } catch (error) {
    const logs = stage.balancers.map((each) => each.fairlead.output())
    throw new Error(`${drill.name}: ${String(error)}\n${logs.join('\n')}`, { cause: error })
  } finally {
    await stage.close()
  }
}

type Measured = Pick<Outcome, 'gets' | 'posts' | 'quietSeconds' | 'rightSeconds' | 'perSecond'>

async function underLoad(
  drill: Drill,
  stage: DrillStage,
  say: (text: string) => void,
): Promise<Measured> {
  const now = wallClock()
  const { balancers } = stage
  const last = balancers.at(-1) ?? stage.balancer
  const watch = watchServers(last.socketPath, backend, now)
  const addresses = balancers.map(({ address }) => address)
  const { patienceMs = standardPatienceMs } = drill
  const load = startLoad({ addresses, host, patienceMs }, drill.streams ?? streams)
  try {
    await pause(steadyMs)
    say('fault')
    const beganMs = now()
    const isDead = await drill.fault(stage)
    await pause(drill.lastsMs)
    say('healing')
    const healMs = now()
    await drill.heal?.(stage)
    await stage.untilRight(mostMs)
    const rightMs = now()
    say(`right after ${((rightMs - healMs) / 1000).toFixed(1)} s`)
    await pause(steadyMs)
    // Still, or again.
    await stage.untilRight(60_000)
    const samples = await load.stop()
    const isMeant = isDead ?? (() => false)
    const chosenMs = lastChosenMs(watch.readings, isMeant, beganMs, healMs) ?? beganMs
    // Commands take their time to bring a fault about; the servers themselves say when it was there.
    const silentMs = lastWordMs(samples, beganMs, healMs) ?? beganMs
    const quietMs = Math.max(0, chosenMs - Math.max(beganMs, silentMs))
    return {
      gets: tally(samples, 'GET'),
      posts: tally(samples, 'POST'),
      quietSeconds: isDead === undefined ? undefined : quietMs / 1000,
      rightSeconds: (rightMs - healMs) / 1000,
      perSecond: distribution(samples, beganMs),
    }
  } finally {
    load.abort()
    await watch.stop()
  }
}

const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)))
