import type { Consul } from '../../consul/contract.ts'
import type { Observation } from '../../model/candidate.ts'
import type { Clock } from '../../support/clock.ts'
import type { ServiceFilter } from './service-filter.ts'

export type ConsulRegistryOptions = {
  readonly consul: Consul
  /** The same with connections of its own, for what only the leader is asked. */
  readonly leader?: Consul
  /**
   * The agent that this host's containers are registered with, where `consul` may be answered by
   * another one: whose node is this host's is asked of this.
   */
  readonly agent?: Consul
  readonly clock: Clock
  /** Where the last good state is stored. */
  readonly path: string
  /** Services and tags that are routed without routing meta. */
  readonly filter: ServiceFilter
  /** `chosen`: only what the filter names is read; `all` by default. */
  readonly scope?: 'all' | 'chosen'
  readonly warningIs: 'in' | 'out'
  /** How long a sudden loss is held back, ms; 0: not at all. */
  readonly cycleMs: number
  /** What `fairlead-owner` says of the registrations made from here; may grow. */
  readonly owners: ReadonlySet<string>
  /** Sources of this host's Docker daemons; empty: there is no local knowledge. */
  readonly localSources: readonly string[]
  /**
   * The addresses of this host's containers are known; after it has become true `revisit` is to be
   * called. Undefined: always.
   */
  readonly isPlaced?: () => boolean
  /** Told of every observation of this host's Docker daemons: who registers them. */
  readonly onLocal?: (observation: Observation) => void
  /** A problem came or went. */
  readonly onProblem?: () => void
}
