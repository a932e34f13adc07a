import { join } from 'node:path'
import type { DaemonRouting } from './daemon-routing.ts'
import { checkText } from './haproxy/check-text.ts'
import type { HaproxyInstance } from './haproxy/process/runner.ts'
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
}): DaemonRouting {
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
    steer: (wanted) => wanted,
    applied: () => Promise.resolve(quarantine.applied()),
    explain: (error) => error,
    ready: () => Promise.resolve(),
    onNews: () => undefined,
    reread: () => Promise.resolve(),
    problems: () => [],
    close: () => Promise.resolve(),
    // What hinders the search is logged, and nothing is left out.
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
