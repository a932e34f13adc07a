import { join } from 'node:path'
import { checkText } from './haproxy/check-text.ts'
import type { HaproxyInstance } from './haproxy/process/runner.ts'
import type { DesiredState } from './model/desired-state.ts'
import { messageOf } from './model/errors.ts'
import { Quarantine } from './quarantine/quarantine.ts'
import { createRouter, route } from './routing/route.ts'
import type { Clock } from './support/clock.ts'
import type { Logger } from './support/log.ts'

/** Routing for the pipeline that leaves out what HAProxy rejects or ends with. */
export function openQuarantine(options: {
  readonly haproxy: Pick<HaproxyInstance, 'validate'>
  readonly stateFolder: string
  readonly clock: Clock
  readonly log: Pick<Logger, 'error'>
  readonly provenMs: number
}): {
  readonly route: Quarantine['route']
  readonly applied: () => void
  /** Never throws: what hinders the search is logged, and nothing is left out. */
  readonly failed: (error: unknown, desired: DesiredState) => Promise<boolean>
} {
  const { haproxy, stateFolder, clock, log, provenMs } = options
  const quarantine = new Quarantine({
    clock,
    route: createRouter(),
    routeOnce: route,
    check: (desired) => checkText(haproxy, desired, join(stateFolder, 'trial')),
    provenMs,
  })
  return {
    route: (input) => quarantine.route(input),
    applied: () => quarantine.applied(),
    failed: async (error, desired) => {
      try {
        return await quarantine.failed(error, desired)
      } catch (defect) {
        log.error(`cannot tell what HAProxy rejects: ${messageOf(defect)}`)
        return false
      }
    },
  }
}
