import type { Problem } from '../model/problem.ts'
import { shownName } from './label-values.ts'
import { contestedHostMs } from './hosts.ts'
import { bySeniority, type RoutedService } from './routed-service.ts'

export type DefaultChoice = {
  readonly service: RoutedService | undefined
  readonly problems: readonly Problem[]
  /** When the choice passes from a gone service to a living one (Unix ms). */
  readonly nextChangeMs: number | undefined
}

/**
 * The service that takes what no host rule matches: the one that the settings name; else the one
 * marked with `fairlead.default`; else the one that was it, until it is forgotten; else the oldest.
 *
 * A service that the settings name but that is not routed means no default at all: another service's
 * page in its place would be wrong.
 */
export function chooseDefault(
  services: readonly RoutedService[],
  wanted: string | undefined,
  before: string | undefined,
  nowMs: number,
): DefaultChoice {
  if (wanted !== undefined) {
    const service = services.find((each) => each.name === wanted)
    return {
      service,
      problems: service === undefined ? [missing(wanted)] : [],
      nextChangeMs: undefined,
    }
  }
  const marked = services.filter((service) => service.labels.default !== '')
  if (marked.length > 0) return chooseMarked(marked, before, nowMs)
  const incumbent = services.find((service) => service.name === before)
  const living = services.filter((service) => service.emptySinceMs === undefined)
  const oldest = oldestOf(living) ?? oldestOf(services)
  return { service: incumbent ?? oldest, problems: [], nextChangeMs: undefined }
}

/** One that has gone gives way to a living one when it has not come back after a while. */
function chooseMarked(
  marked: readonly RoutedService[],
  before: string | undefined,
  nowMs: number,
): DefaultChoice {
  const living = marked.filter((service) => service.emptySinceMs === undefined)
  const incumbent = marked.find((service) => service.name === before)
  const changeMs =
    incumbent?.emptySinceMs === undefined || living.length === 0
      ? undefined
      : incumbent.emptySinceMs + contestedHostMs
  const stays = incumbent !== undefined && (changeMs === undefined || nowMs < changeMs)
  const service = stays ? incumbent : (oldestOf(living) ?? oldestOf(marked))
  const problems = living
    .filter((each) => each !== service)
    .map((each) => ({
      where: `service ${shownName(each.name)}`,
      what: `it is marked with fairlead.default, but ${shownName(service?.name ?? '')} is the default already`,
      hint: 'mark one service only, or name it with --default-service',
    }))
  return { service, problems, nextChangeMs: stays ? changeMs : undefined }
}

function oldestOf(services: readonly RoutedService[]): RoutedService | undefined {
  let oldest = services[0]
  for (const service of services) {
    if (oldest !== undefined && bySeniority(service, oldest) < 0) oldest = service
  }
  return oldest
}

function missing(wanted: string): Problem {
  return {
    where: `default service ${shownName(wanted)}`,
    what: 'no routed service has this name, so that requests for unknown hosts are answered with 503',
    hint: 'start it, or change --default-service',
  }
}
