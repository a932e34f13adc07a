import type { Problem } from '../model/problem.ts'
import { backendName } from './backend-name.ts'
import { type Consensus, consensusOf } from './consensus.ts'
import type { RoutingMemory, ServiceMemory } from './contract.ts'
import { noServiceLabels, type ServiceLabels } from './labels.ts'
import type { Piece } from './piece.ts'
import { membersOf, type PlacedService } from './placed-service.ts'

/** A service that has a backend: it is routed, or it was until a short while ago. */
export type RoutedService = {
  readonly name: string
  readonly backend: string
  /** Its members, sorted by endpoint id; empty for one that has gone. */
  readonly pieces: readonly Piece[]
  readonly labels: ServiceLabels
  /** Unix ms when its last endpoint went; undefined while it has one. */
  readonly emptySinceMs: number | undefined
  readonly firstRoutedMs: number
  /** When the oldest of its endpoints started; `firstRoutedMs` for one that has gone. */
  readonly oldestStartMs: number
}

/**
 * The services that have a backend, sorted by name: those with members, and those of the memory that
 * lost their last endpoint less than `goneServiceMs` ago.
 */
export function routedServices(
  placed: ReadonlyMap<string, PlacedService>,
  memory: RoutingMemory,
  nowMs: number,
  goneServiceMs: number,
): { readonly services: readonly RoutedService[]; readonly problems: readonly Problem[] } {
  const services: RoutedService[] = []
  const problems: Problem[] = []
  for (const [name, present] of placed) {
    if (present.memberCount === 0) continue
    const { service, notes } = living(present, own(memory.services, name), nowMs)
    if (notes.length > 0) problems.push(...notes)
    services.push(service)
  }
  for (const name of Object.keys(memory.services)) {
    const known = own(memory.services, name)
    if (known === undefined || (placed.get(name)?.memberCount ?? 0) > 0) continue
    const emptySinceMs = Math.min(known.emptySinceMs ?? nowMs, nowMs)
    if (nowMs - emptySinceMs < goneServiceMs) services.push(gone(name, known, emptySinceMs))
  }
  return { services: services.sort(byName), problems }
}

type Living = { readonly service: RoutedService; readonly notes: readonly Problem[] }
type Kept = Living & { readonly known: ServiceMemory }
const cache = new WeakMap<PlacedService, Kept>()

/** The same object for the same members and the same memory of the service. */
function living(placed: PlacedService, known: ServiceMemory | undefined, nowMs: number): Living {
  const kept = cache.get(placed)
  if (kept !== undefined && kept.known === known) return kept
  const { pieces } = placed
  const { name } = placed.service
  const { labels, notes } = unanimous(pieces) ?? consensusOf(name, membersOf(pieces), known?.labels)
  const service: RoutedService = {
    name,
    backend: backendName(name),
    pieces,
    labels,
    emptySinceMs: undefined,
    firstRoutedMs: known?.firstRoutedMs ?? nowMs,
    oldestStartMs: Math.min(...pieces.map((piece) => piece.oldestStartMs)),
  }
  if (known !== undefined) cache.set(placed, { service, notes, known })
  return { service, notes }
}

/** What all members say; undefined where they do not say the same. */
function unanimous(pieces: readonly Piece[]): Consensus | undefined {
  const speaking = pieces.filter(({ members }) => members.length > 0)
  const [first] = speaking
  const said = first?.labels
  if (said === undefined || !speaking.every(({ labels }) => labels?.signature === said.signature)) {
    return undefined
  }
  return { labels: said.service, notes: [] }
}

const goneServices = new WeakMap<ServiceMemory, RoutedService>()

/** The same object as long as it is remembered alike. */
function gone(name: string, known: ServiceMemory, emptySinceMs: number): RoutedService {
  const kept = goneServices.get(known)
  if (kept !== undefined && kept.name === name && kept.emptySinceMs === emptySinceMs) return kept
  const service: RoutedService = {
    name,
    backend: backendName(name),
    pieces: [],
    labels: { ...noServiceLabels, ...known.labels },
    emptySinceMs,
    firstRoutedMs: known.firstRoutedMs,
    oldestStartMs: known.firstRoutedMs,
  }
  goneServices.set(known, service)
  return service
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
