import type { Problem } from '../model/problem.ts'
import { encodeName } from '../haproxy/config/names.ts'
import { consensusOf } from './consensus.ts'
import type { RoutingMemory, ServiceMemory } from './contract.ts'
import { noServiceLabels, type ServiceLabels } from './labels.ts'
import type { Member } from './member.ts'

/** A service that has a backend: it is routed, or it was until a short while ago. */
export type RoutedService = {
  readonly name: string
  readonly backend: string
  /** Sorted by endpoint id; empty for one that has gone. */
  readonly members: readonly Member[]
  readonly labels: ServiceLabels
  /** Unix ms when its last endpoint went; undefined while it has one. */
  readonly emptySinceMs: number | undefined
  readonly firstRoutedMs: number
  /** When the oldest of its endpoints started; `firstRoutedMs` for one that has gone. */
  readonly oldestStartMs: number
}

/** HAProxy has no limit of its own here; `show stat` and the runtime commands must stay short. */
export const longestName = 200

const backendNames = new Map<string, string>()
const mostNamesKept = 50_000

/** HAProxy's name of a service's backend. */
export function backendName(service: string): string {
  let name = backendNames.get(service)
  if (name === undefined) {
    if (backendNames.size >= mostNamesKept) backendNames.clear()
    name = `svc_${encodeName(service)}`
    backendNames.set(service, name)
  }
  return name
}

/**
 * The services that have a backend, sorted by name: those with members, and those of the memory that
 * lost their last endpoint less than `goneServiceMs` ago.
 */
export function routedServices(
  members: ReadonlyMap<string, readonly Member[]>,
  memory: RoutingMemory,
  nowMs: number,
  goneServiceMs: number,
): { readonly services: readonly RoutedService[]; readonly problems: readonly Problem[] } {
  const services: RoutedService[] = []
  const problems: Problem[] = []
  for (const [name, present] of members) {
    const { service, notes } = living(name, present, own(memory.services, name), nowMs)
    if (notes.length > 0) problems.push(...notes)
    services.push(service)
  }
  for (const [name, known] of Object.entries(memory.services)) {
    if (members.has(name)) continue
    const emptySinceMs = Math.min(known.emptySinceMs ?? nowMs, nowMs)
    if (nowMs - emptySinceMs < goneServiceMs) services.push(gone(name, known, emptySinceMs))
  }
  return { services: services.sort(byName), problems }
}

type Living = { readonly service: RoutedService; readonly notes: readonly Problem[] }
type Kept = Living & { readonly known: ServiceMemory }
const cache = new WeakMap<readonly Member[], Kept>()

/** The same object for the same members and the same memory of the service. */
function living(
  name: string,
  members: readonly Member[],
  known: ServiceMemory | undefined,
  nowMs: number,
): Living {
  const kept = cache.get(members)
  if (kept !== undefined && kept.known === known) return kept
  const { labels, notes } = consensusOf(name, members, known?.labels)
  let oldestStartMs = Infinity
  for (const { endpoint } of members) oldestStartMs = Math.min(oldestStartMs, endpoint.startedAtMs)
  const service: RoutedService = {
    name,
    backend: backendName(name),
    members,
    labels,
    emptySinceMs: undefined,
    firstRoutedMs: known?.firstRoutedMs ?? nowMs,
    oldestStartMs,
  }
  if (known !== undefined) cache.set(members, { service, notes, known })
  return { service, notes }
}

function gone(name: string, known: ServiceMemory, emptySinceMs: number): RoutedService {
  return {
    name,
    backend: backendName(name),
    members: [],
    labels: { ...noServiceLabels, ...known.labels },
    emptySinceMs,
    firstRoutedMs: known.firstRoutedMs,
    oldestStartMs: known.firstRoutedMs,
  }
}

/** The older of two: routed first, then started first, then by name. */
export function bySeniority(a: RoutedService, b: RoutedService): number {
  return a.firstRoutedMs - b.firstRoutedMs || a.oldestStartMs - b.oldestStartMs || byName(a, b)
}

/** Services are named from outside: `constructor` must not find what every object has. */
export function own<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined
}

function byName(a: RoutedService, b: RoutedService): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0
}
