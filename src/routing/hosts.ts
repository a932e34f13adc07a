import type { Problem } from '../model/problem.ts'
import { hostNameOf } from './host-name.ts'
import { shownName } from './label-values.ts'
import { bySeniority, own, type RoutedService } from './routed-service.ts'

export type HostTable = {
  /** Host name → service, sorted by host name. */
  readonly holders: ReadonlyMap<string, string>
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
  const claims = services.map((service) => claimsOf(service, domain))
  if (last !== undefined && isSameList(claims, last.claims)) return last.table
  const table = settle(services, claims, incumbents, nowMs)
  // Without a contest the table follows from the claims alone; with one, also from age and time.
  last = table.isContested ? undefined : { claims, table }
  return table
}

let last: { claims: readonly Claims[]; table: HostTable } | undefined

function settle(
  services: readonly RoutedService[],
  claims: readonly Claims[],
  incumbents: Readonly<Record<string, string>>,
  nowMs: number,
): HostTable & { readonly isContested: boolean } {
  const claimantsOf = new Map<string, RoutedService[]>()
  const problems: Problem[] = []
  for (const [index, service] of services.entries()) {
    const { hosts, problem } = claims[index] ?? noClaims
    if (problem !== undefined) problems.push(problem)
    for (const host of hosts) push(claimantsOf, host, service)
  }
  const holders = new Map<string, string>()
  const byService = new Map<string, string[]>()
  let isContested = false
  let nextChangeMs: number | undefined
  for (const host of [...claimantsOf.keys()].sort()) {
    const claimants = claimantsOf.get(host) ?? []
    const [only] = claimants
    const isAlone = claimants.length === 1
    const holder = isAlone ? only : contest(claimants, own(incumbents, host), nowMs)
    if (holder === undefined) continue
    holders.set(host, holder.name)
    push(byService, holder.name, host)
    if (isAlone) continue
    isContested = true
    problems.push(...claimants.flatMap((loser) => conflict(host, holder, loser)))
    if (holder.emptySinceMs !== undefined && claimants.some(isLiving)) {
      nextChangeMs = Math.min(nextChangeMs ?? Infinity, holder.emptySinceMs + contestedHostMs)
    }
  }
  return { holders, byService, problems, nextChangeMs, isContested }
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const values = map.get(key)
  if (values === undefined) map.set(key, [value])
  else values.push(value)
}

function isSameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((each, index) => each === b[index])
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

type Claims = { readonly hosts: ReadonlySet<string>; readonly problem: Problem | undefined }
const noClaims: Claims = { hosts: new Set(), problem: undefined }

const claimCache = new Map<string, Claims>()
const mostClaimsKept = 50_000

const claimsByService = new WeakMap<RoutedService, { domain: string; claims: Claims }>()

/** The same object for equal labels and name. */
function claimsOf(service: RoutedService, domain: string): Claims {
  const known = claimsByService.get(service)
  if (known?.domain === domain) return known.claims
  const claims = claimsByName(service, domain)
  claimsByService.set(service, { domain, claims })
  return claims
}

function claimsByName(service: RoutedService, domain: string): Claims {
  const key = `${domain}\n${service.labels.host}\n${service.name}`
  let claims = claimCache.get(key)
  if (claims === undefined) {
    if (claimCache.size >= mostClaimsKept) claimCache.clear()
    claims = readClaims(service, domain)
    claimCache.set(key, claims)
  }
  return claims
}

function readClaims(service: RoutedService, domain: string): Claims {
  const hosts = new Set(service.labels.host === '' ? [] : service.labels.host.split(','))
  const automatic = hostNameOf(`${service.name}.${domain}`)
  if ('name' in automatic && !automatic.name.startsWith('*')) hosts.add(automatic.name)
  const problem = {
    where: `service ${shownName(service.name)}`,
    what: `its name cannot be part of a host name, so that it has no name under .${domain}`,
    hint: 'add the label fairlead.host with a name for it, or give the service another name',
  }
  return { hosts, problem: hosts.size === 0 ? problem : undefined }
}

function conflict(host: string, holder: RoutedService, loser: RoutedService): readonly Problem[] {
  if (loser === holder || !isLiving(loser)) return []
  return [
    {
      where: `service ${shownName(loser.name)}`,
      what: `host ${host} belongs to service ${shownName(holder.name)}, which had it first`,
      hint: 'change fairlead.host of one of the two',
    },
  ]
}

function isLiving(service: RoutedService): boolean {
  return service.emptySinceMs === undefined
}
