import type { RunningBackend } from '../control.ts'
import { parseStatistics } from './statistics.ts'

/**
 * The command that lists all backends, `listen` sections among them, or one. Only the rows of
 * backends, which is cheap; `show backend` does not say which are published.
 */
export function showBackendsCommand(backend?: string): string {
  // A number would be taken for that of a proxy, not for its name.
  const which = backend === undefined || /^-?\d+$/.test(backend) ? '-1' : backend
  return `show stat ${which} 2 -1`
}

/** Reads what that answers (management.txt §9.1): name → backend. Empty for one that is not there. */
export function parseBackends(reply: string): Map<string, RunningBackend> {
  return new Map(
    parseStatistics(reply)
      .filter(({ kind }) => kind === 'backend')
      .map(({ proxy, status }) => [proxy, { isPublished: !status.includes('UNPUB') }]),
  )
}
