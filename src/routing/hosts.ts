import type { Problem } from '../model/problem.ts'
import { hostNameOf } from './host-name.ts'
import { shown } from './label-values.ts'
import { bySeniority, own, type RoutedService } from './routed-service.ts'

export type HostTable = {
  /** Host name → service, sorted by name. */
  readonly holders: ReadonlyMap<string, RoutedService>
  /** By service name: the hosts it holds, sorted. */
  readonly byService: ReadonlyMap<string, readonly string[]>
  readonly problems: readonly Problem[]
  /** When a host passes from a gone service to a living one that waits for it (Unix ms). */
  readonly nextChangeMs: number | undefined
}

/**
 * A service without endpoints keeps a host that a living service claims too for this long (a crash
 * and restart is over by then); after it the host goes to the living one (the service was renamed).
 */
export const contestedHostMs = 30_000

/**
 * Who answers for which host name. Each service claims `<service>.<domain>` and the names of its
 * `fairlead.host`; of several that claim one name, the one that holds it already keeps it, else the
 * senior one gets it. The others are told so.
 */
export function hostTable(
  services: readonly RoutedService[],
  domain: string,
  incumbents: Readonly<Record<string, string>>,
  nowMs: number,
): HostTable {
  const claims = new Map<string, RoutedService[]>()
  const problems: Problem[] = []
  for (const service of services) {
    const { hosts, problem } = claimsOf(service, domain)
    if (problem !== undefined) problems.push(problem)
    for (const host of hosts) {
      const others = claims.get(host)
      if (others === undefined) claims.set(host, [service])
      else others.push(service)
    }
  }
  const holders = new Map<string, RoutedService>()
  const byService = new Map<string, string[]>()
  let nextChangeMs: number | undefined
  for (const host of [...claims.keys()].sort()) {
    const claimants = claims.get(host) ?? []
    const [only] = claimants
    const holder = claimants.length === 1 ? only : contest(claimants, own(incumbents, host), nowMs)
    if (holder === undefined) continue
    holders.set(host, holder)
    const held = byService.get(holder.name)
    if (held === undefined) byService.set(holder.name, [host])
    else held.push(host)
    if (claimants.length === 1) continue
    problems.push(...claimants.flatMap((loser) => conflict(host, holder, loser)))
    if (holder.emptySinceMs !== undefined && claimants.some(isLiving)) {
      nextChangeMs = Math.min(nextChangeMs ?? Infinity, holder.emptySinceMs + contestedHostMs)
    }
  }
  return { holders, byService, problems, nextChangeMs }
}

function contest(
  claimants: readonly RoutedService[],
  incumbent: string | undefined,
  nowMs: number,
): RoutedService | undefined {
  const holder = claimants.find((claimant) => claimant.name === incumbent)
  const isOver =
    holder?.emptySinceMs !== undefined && nowMs - holder.emptySinceMs >= contestedHostMs
  if (holder !== undefined && !isOver) return holder
  const living = claimants.filter(isLiving)
  return [...(living.length === 0 ? claimants : living)].sort(bySeniority)[0]
}

const claimCache = new Map<string, string | undefined>()

function claimsOf(
  service: RoutedService,
  domain: string,
): { hosts: ReadonlySet<string>; problem: Problem | undefined } {
  const hosts = new Set(service.labels.host === '' ? [] : service.labels.host.split(','))
  const automatic = automaticHost(service.name, domain)
  if (automatic !== undefined) {
    hosts.add(automatic)
    return { hosts, problem: undefined }
  }
  const problem = {
    where: `service ${shown(service.name)}`,
    what: `its name cannot be part of a host name, so that it has no name under .${domain}`,
    hint: 'add the label fairlead.host with a name for it, or give the service another name',
  }
  return { hosts, problem: hosts.size === 0 ? problem : undefined }
}

function automaticHost(service: string, domain: string): string | undefined {
  const key = `${service}.${domain}`
  if (!claimCache.has(key)) {
    if (claimCache.size > 50_000) claimCache.clear()
    const reading = service.startsWith('*') ? { reason: '' } : hostNameOf(key)
    claimCache.set(key, 'name' in reading ? reading.name : undefined)
  }
  return claimCache.get(key)
}

function conflict(host: string, holder: RoutedService, loser: RoutedService): readonly Problem[] {
  if (loser === holder || !isLiving(loser)) return []
  return [
    {
      where: `service ${loser.name}`,
      what: `host ${host} belongs to service ${holder.name}, which had it first`,
      hint: `change fairlead.host of one of the two`,
    },
  ]
}

function isLiving(service: RoutedService): boolean {
  return service.emptySinceMs === undefined
}
