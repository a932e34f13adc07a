import type { Problem } from '../../model/problem.ts'
import type { HeldService } from './held-removals.ts'

/** What is on show of a service's held removals, with the time until they are confirmed. */
export function heldProblem({ service, endpoints, untilMs }: HeldService, nowMs: number): Problem {
  const left = Math.max(0, Math.ceil((untilMs - nowMs) / 1000))
  const some =
    endpoints.length > 3 ? `${endpoints.slice(0, 3).join(', ')}, …` : endpoints.join(', ')
  return {
    where: `service ${service}`,
    what:
      `Consul suddenly lost ${endpoints.length} of its endpoints (${some}); ` +
      `they stay until a read in ${left} s confirms it`,
    hint: `fairlead confirm ${service} lets them go now`,
  }
}
