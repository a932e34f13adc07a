import type { Candidate, Observation } from '../../model/candidate.ts'
import type { HaproxyNetworks } from '../../networks/contract.ts'
import type { Clock } from '../../support/clock.ts'
import type { DockerClient } from './client.ts'
import type { ContainerMapping, DaemonContext } from './container-inspector.ts'
import type { DaemonInfo } from './docker-types.ts'
import type { KnownContainer } from './known-container.ts'

export type SessionOptions = {
  readonly client: DockerClient
  readonly clock: Clock
  readonly source: string
  /** All that the mapping needs beside the daemon's networks; made anew for every session. */
  readonly contextFor: (info: DaemonInfo) => Promise<DaemonContext>
  readonly map: ContainerMapping
  /** By id. Outlives the session, so that drain marks do. */
  readonly known: Map<string, KnownContainer>
  /** Candidates from before a restart; their drain marks are taken over. */
  readonly restored: readonly Candidate[]
  readonly publish: (observation: Observation) => void
  /** Something went wrong with one container; the session goes on. Empty: it is well again. */
  readonly onTrouble: (message: string) => void
  /** Those of HAProxy's container, which the mapping asks; undefined: it does not. */
  readonly networks: HaproxyNetworks | undefined
  readonly signal: AbortSignal
}
