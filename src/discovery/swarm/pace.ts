import { isJob } from './task-to-candidate.ts'
import { isRunning } from './swarm-types.ts'
import type { SwarmService, SwarmTask } from './swarm-types.ts'

// Docker's API has no events of tasks, so they are asked for: often while something is going on,
// seldom while nothing is.

/** While something is going on. */
const quickMs = 100
/** In the pauses of an update (--update-delay). */
const updateMs = 250
/** At rest. */
const slowMs = 1_000
/** Something is going on for this long after the last news, */
const newsMs = 5_000
/** and for this long while a service has not what it wants: it may never get it. */
const unsettledMs = 60_000
/** From the end of one poll to the start of the next, also when events come thick and fast, */
const leastRestMs = 20
/** and so many times what the manager took to answer: large swarms cost it little of its time. */
const restFactor = 5
/** An answer that was slow for once does not make blind for long. */
const mostRestMs = 5_000

/** What there is at least between the end of one poll and the start of the next, in ms. */
export function restOf(tookMs: number): number {
  return Math.min(mostRestMs, Math.max(leastRestMs, restFactor * tookMs))
}

/** From the start of one poll to the start of the next, in ms. */
export function paceOf(options: {
  /** Since the last event or difference. */
  readonly sinceNewsMs: number
  readonly services: Iterable<SwarmService>
  /** Those that should run. */
  readonly tasks: readonly SwarmTask[]
}): number {
  const { sinceNewsMs, services, tasks } = options
  if (sinceNewsMs < newsMs) return quickMs
  const all = [...services]
  if (sinceNewsMs < unsettledMs && !isSettled(all, tasks)) return quickMs
  return all.some(isUpdating) ? updateMs : slowMs
}

/** Every service has the tasks that it wants, all of them run, and none is being updated. */
function isSettled(services: readonly SwarmService[], tasks: readonly SwarmTask[]): boolean {
  if (!tasks.every(isRunning) || services.some(isUpdating)) return false
  const running = new Map<string, number>()
  for (const { ServiceID = '' } of tasks) running.set(ServiceID, (running.get(ServiceID) ?? 0) + 1)
  return services.every((service) => {
    const wanted = service.Spec?.Mode?.Replicated?.Replicas
    return wanted === undefined || isJob(service) || (running.get(service.ID ?? '') ?? 0) === wanted
  })
}

function isUpdating({ UpdateStatus }: SwarmService): boolean {
  return UpdateStatus?.State === 'updating' || UpdateStatus?.State === 'rollback_started'
}
