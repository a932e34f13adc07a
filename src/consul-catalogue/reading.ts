import type { Answer } from '../consul/contract.ts'
import type { CatalogNode, HealthEntry } from '../consul/types.ts'
import { watch } from '../consul/watch.ts'
import type { Clock } from '../support/clock.ts'
import type { BoundedConsul } from './bounded-consul.ts'
import type { OfferedService } from './changed-services.ts'
import type { ServiceReads } from './service-reads.ts'
import type { WatchStates } from './watch-states.ts'

/** What both ways of reading the catalogue work with. */
export type Reading = {
  readonly consul: BoundedConsul
  /** The same Consul over connections of its own, for what its leader alone is to answer. */
  readonly leader?: BoundedConsul | undefined
  readonly clock: Clock
  readonly reads: ServiceReads
  readonly states: Pick<WatchStates, 'set' | 'remove'>
  /** Whether a service is to be read at all; what is not, is no part of what a node offers. */
  readonly isWanted: (name: string, tags: readonly string[]) => boolean
  /** Whether a change of this service is to be read now; it may be otherwise for the next one. */
  readonly concerns: (service: string) => boolean
  /** Parts of Consul's mesh and Consul itself are services too. */
  readonly isEveryKind: boolean
  readonly onAnswer: (service: string, answer: readonly HealthEntry[]) => void
  /** A service could not be read for now. */
  readonly onFailure: (service: string) => void
  /** Names of the services that the registry has now, with those that are held. */
  readonly knownServices: () => readonly string[]
  /** What the registry has of a node, by service id. */
  readonly knownOn: (node: string) => ReadonlyMap<string, OfferedService>
  /** Instances that the registry has as ill or draining. */
  readonly knownIll: () => Iterable<{
    readonly service: string
    readonly node: string
    readonly serviceId: string
  }>
  /** Tells the listener all nodes, now if they are known, and whenever they change; ends by the result. */
  readonly followNodes: (listener: (nodes: readonly CatalogNode[]) => void) => () => void
  /** The registry has this instance of the service. */
  readonly hasInstance: (service: string, node: string, serviceId: string) => boolean
  /** These are the services that there are: once each was tried, the catalogue is known. */
  readonly expect: (services: readonly string[]) => void
}

/** Answer of `GET /v1/catalog/services`: tags by name. */
export type ServiceNames = Readonly<Record<string, readonly string[]>>

/** The names of those services that are to be read. */
export function wantedNames(reading: Reading, names: ServiceNames): readonly string[] {
  return Object.entries(names)
    .filter(([name, tags]) => name !== 'consul' && reading.isWanted(name, tags))
    .map(([name]) => name)
}

/**
 * How long a watch blocks, ms: after about so long one is missed whose connection died without a
 * sign. That Consul is silent altogether, or has no leader, the pulse finds out.
 */
export const watchWaitMs = 60_000

/** Follows a path until the signal aborts; each answer is handled to its end before the next is asked for. */
export async function follow<T>(
  { consul, clock, states }: Reading,
  options: {
    readonly path: string
    readonly query?: Readonly<Record<string, string>>
    readonly signal: AbortSignal
    readonly onAnswer: (answer: Answer<T>) => Promise<void> | void
    readonly onFailure?: () => void
  },
): Promise<void> {
  const { path, signal, onAnswer, onFailure } = options
  const answers = watch<T>(consul, path, {
    query: { stale: true, ...options.query },
    clock,
    waitMs: watchWaitMs,
    signal,
    onState: (state) => {
      states.set(path, state)
      if (state.error !== '') onFailure?.()
    },
  })
  try {
    for await (const answer of answers) await onAnswer(answer)
  } finally {
    states.remove(path)
  }
}
