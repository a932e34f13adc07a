import type { Candidate, Observation, Provider, SourceState } from '../../model/candidate.ts'
import type { Problem } from '../../model/problem.ts'
import type { Joining } from '../../networks/contract.ts'
import type { DockerHost } from '../../settings/settings.ts'
import { systemClock } from '../../support/clock.ts'
import type { Clock } from '../../support/clock.ts'
import { DockerClient } from '../docker/client.ts'
import { containerToCandidate } from '../docker/container-to-candidate.ts'
import { joiningMapping } from '../docker/joining-mapping.ts'
import { observationsOf, type Publisher } from '../observation-stream.ts'
import { SourceRecord } from '../source-record.ts'
import { SwarmClient } from './swarm-client.ts'
import type { SwarmContext } from './task-to-candidate.ts'
import { SwarmWatch } from './swarm-watch.ts'

export type SwarmProviderOptions = Omit<SwarmContext, 'map' | 'haproxyNetworks'> & {
  /** A manager. */
  readonly host: DockerHost
  /** HAProxy's networks, where its container can be attached to those of tasks. */
  readonly joining?: Joining | undefined
  /** In place of `joining`: names of its networks; undefined: HAProxy is a process of this machine. */
  readonly haproxyNetworks?: ReadonlySet<string> | undefined
  /** This source's candidates in the last snapshot: their drain marks survive a restart. */
  readonly restored?: readonly Candidate[]
  readonly clock?: Clock
}

/** A provider that also tells what is wrong with services. */
export type SwarmProvider = Provider & {
  /** The manager is this machine. */
  readonly isLocal: boolean
  problems(): readonly Problem[]
}

/** Name of a swarm's source: stable over restarts. */
export function swarmSourceName(host: DockerHost): string {
  return `swarm:${host.name ?? host.url}`
}

/**
 * Watches the tasks of a swarm, on all its nodes, through the API of one manager. Begins with a
 * complete observation as soon as the manager answers; while it does not, what it said last stands.
 * Throws FairleadError `setting_invalid` for an address or certificates that cannot be used.
 */
export function createSwarmProvider(options: SwarmProviderOptions): SwarmProvider {
  return new SwarmTasks(options)
}

class SwarmTasks implements SwarmProvider {
  readonly source: string
  readonly isLocal: boolean
  readonly #options: SwarmProviderOptions
  readonly #clock: Clock
  readonly #client: SwarmClient
  readonly #record: SourceRecord
  #watch: SwarmWatch | undefined

  constructor(options: SwarmProviderOptions) {
    const docker = new DockerClient(options.host)
    this.#options = options
    this.source = swarmSourceName(options.host)
    this.isLocal = docker.remoteHost === undefined
    this.#clock = options.clock ?? systemClock
    this.#client = new SwarmClient(docker)
    this.#record = new SourceRecord(this.source, this.#clock)
  }

  state(): SourceState {
    return this.#record.state
  }

  problems(): readonly Problem[] {
    return this.#watch?.problems() ?? []
  }

  async *observe(signal: AbortSignal): AsyncGenerator<Observation, void, undefined> {
    try {
      yield* observationsOf((publish, stop) => this.#follow(publish, stop), signal)
    } finally {
      this.#client.close()
      this.#record.set('stopped', '')
    }
  }

  #follow(publish: Publisher, signal: AbortSignal): Promise<void> {
    const { joining, network, usePublished, haproxyNetworks, ownContainerIds } = this.#options
    this.#watch = new SwarmWatch({
      client: this.#client,
      clock: this.#clock,
      source: this.source,
      context: { network, usePublished, haproxyNetworks, ownContainerIds, map: this.#map() },
      joining,
      restored: this.#options.restored ?? [],
      publish,
      onState: (state, error) => this.#record.set(state, error),
      signal,
    })
    return this.#watch.run()
  }

  #map(): typeof containerToCandidate {
    const { joining } = this.#options
    if (joining === undefined) return containerToCandidate
    // No task counts as one of this machine's: published ports are at the address of its node.
    return joiningMapping({
      joining,
      source: this.source,
      dockerUrl: '',
      map: containerToCandidate,
    })
  }
}
