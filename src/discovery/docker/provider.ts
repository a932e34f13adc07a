import { setMaxListeners } from 'node:events'
import type { Candidate, Observation, Provider, SourceState } from '../../model/candidate.ts'
import { FairleadError, messageOf } from '../../model/errors.ts'
import type { Joining } from '../../networks/contract.ts'
import type { DockerHost } from '../../settings/settings.ts'
import { Backoff } from '../../support/backoff.ts'
import { systemClock } from '../../support/clock.ts'
import type { Clock } from '../../support/clock.ts'
import { observationsOf, type Publisher } from '../observation-stream.ts'
import { SourceRecord } from '../source-record.ts'
import { DockerClient } from './client.ts'
import type { ContainerMapping, DaemonContext } from './container-inspector.ts'
import { containerToCandidate } from './container-to-candidate.ts'
import { resolveAddress } from './daemon-address.ts'
import { DockerError } from './docker-error.ts'
import type { DaemonInfo } from './docker-types.ts'
import type { KnownContainer } from './known-container.ts'
import { DockerSession } from './session.ts'

export type DockerProviderOptions = {
  readonly host: DockerHost
  /** Network whose address is preferred. */
  readonly network: string | undefined
  readonly usePublished: boolean
  /** An address or a host name. */
  readonly publishedAddress: string | undefined
  /** HAProxy's networks, where `map` asks them; undefined: HAProxy is a process of this machine. */
  readonly joining?: Pick<Joining, 'networks' | 'ready'> | undefined
  /** Containers that HAProxy or fairlead run in; never offered. */
  readonly ownContainerIds?: ReadonlySet<string>
  /** This source's candidates in the last snapshot: their drain marks survive a restart. */
  readonly restored?: readonly Candidate[]
  /** How containers become candidates; `containerToCandidate` by default. */
  readonly map?: ContainerMapping
  /** Connected, with an empty text, or why not; at every try. */
  readonly onConnection?: (error: string) => void
  /** A container cannot be inspected; it is tried again. Empty: it can. */
  readonly onTrouble?: (message: string) => void
  readonly clock?: Clock
}

/** A provider that also tells what the daemon calls itself, once it has answered. */
export type DockerProvider = Provider & {
  readonly nodeName: string | undefined
  /** The daemon runs on this machine. */
  readonly isLocal: boolean
  /**
   * Lists and inspects everything anew; what is different then is observed. Without a connection it
   * resolves when there is one: what is published then was mapped after this was called. One
   * container that cannot be inspected is tried again later. Throws DockerError.
   */
  relist(): Promise<void>
}

/** Name of a Docker host's source: stable over restarts, also before the daemon has answered. */
export function dockerSourceName(host: DockerHost): string {
  return `docker:${host.name ?? host.url}`
}

/**
 * Watches one Docker daemon. Connects for ever (pauses of 100 ms to 5 s); each connection begins
 * with a complete observation, and until there is one the last candidates stand. Throws
 * FairleadError `setting_invalid` for an address or certificates that cannot be used.
 */
export function createDockerProvider(options: DockerProviderOptions): DockerProvider {
  return new DockerWatcher(options)
}

class DockerWatcher implements DockerProvider {
  readonly source: string
  readonly #options: DockerProviderOptions
  readonly #clock: Clock
  readonly #client: DockerClient
  #nodeName: string | undefined
  readonly #record: SourceRecord
  #session: DockerSession | undefined
  /** How many connections were tried. */
  #connections = 0
  /** Those who wait for the next session, undefined when there will be none. */
  #sessionWaiters: ((session: DockerSession | undefined) => void)[] = []

  constructor(options: DockerProviderOptions) {
    this.#options = options
    this.source = dockerSourceName(options.host)
    this.#clock = options.clock ?? systemClock
    this.#client = new DockerClient(options.host)
    this.#record = new SourceRecord(this.source, this.#clock)
  }

  get nodeName(): string | undefined {
    return this.#nodeName
  }

  get isLocal(): boolean {
    return this.#client.remoteHost === undefined
  }

  state(): SourceState {
    return this.#record.state
  }

  async relist(): Promise<void> {
    const asked = this.#connections
    const session = this.#session ?? (await this.#nextSession())
    // The list with which a later connection begins is new enough. That of the one under way may
    // have been mapped by what counted before.
    if (session === undefined || this.#connections !== asked) return
    await session.relist()
    if (this.#session === session || this.#record.state.state === 'stopped') return
    throw new DockerError(`Docker at ${this.#client.url}: gone while everything was listed anew`)
  }

  async #nextSession(): Promise<DockerSession | undefined> {
    if (this.#record.state.state === 'stopped') return undefined
    return new Promise((resolve) => this.#sessionWaiters.push(resolve))
  }

  #tellSession(session: DockerSession | undefined): void {
    for (const resolve of this.#sessionWaiters.splice(0)) resolve(session)
  }

  async *observe(signal: AbortSignal): AsyncGenerator<Observation, void, undefined> {
    try {
      yield* observationsOf((publish, stop) => this.#connectForEver(publish, stop), signal)
    } finally {
      this.#client.close()
      this.#record.set('stopped', '')
      this.#tellSession(undefined)
    }
  }

  async #connectForEver(publish: Publisher, signal: AbortSignal): Promise<void> {
    const backoff = new Backoff(100, 5000)
    const known = new Map<string, KnownContainer>()
    let restored = this.#options.restored ?? []
    while (!signal.aborted) {
      try {
        await this.#connect(publish, known, restored, signal, () => {
          restored = []
          backoff.reset()
          this.#record.set('connected', '')
          this.#options.onConnection?.('')
        })
      } catch (error) {
        if (signal.aborted) return
        this.#record.set('connecting', describe(error))
        this.#options.onConnection?.(describe(error))
      }
      await this.#clock.sleep(backoff.next(), signal)
    }
  }

  async #connect(
    publish: Publisher,
    known: Map<string, KnownContainer>,
    restored: readonly Candidate[],
    signal: AbortSignal,
    onConnected: () => void,
  ): Promise<void> {
    this.#connections++
    const connection = new AbortController()
    // One listener for each request under way and each drain timer: many, but not a leak.
    setMaxListeners(0, connection.signal)
    const end = (): void => connection.abort()
    signal.addEventListener('abort', end, { once: true })
    try {
      const session = await DockerSession.open({
        client: this.#client,
        clock: this.#clock,
        source: this.source,
        contextFor: (info) => this.#contextFor(info, connection.signal),
        map: this.#options.map ?? containerToCandidate,
        networks: this.#options.joining?.networks,
        known,
        restored,
        publish,
        onTrouble: (message) => {
          this.#record.set(this.#record.state.state, message)
          this.#options.onTrouble?.(message)
        },
        signal: connection.signal,
      })
      await session.run(() => {
        this.#session = session
        onConnected()
        this.#tellSession(session)
      })
    } finally {
      this.#session = undefined
      signal.removeEventListener('abort', end)
      connection.abort()
    }
  }

  async #contextFor(info: DaemonInfo, signal: AbortSignal): Promise<DaemonContext> {
    const { host, network, usePublished, publishedAddress } = this.#options
    const { remoteHost } = this.#client
    this.#nodeName = host.name ?? (info.name || 'docker')
    // Without this what is on HAProxy's networks would be taken out for a moment at every start.
    await this.#options.joining?.ready(signal)
    return {
      node: this.#nodeName,
      network,
      usePublished,
      publishedAddress:
        publishedAddress === undefined ? undefined : await resolveAddress(publishedAddress),
      isLocalDaemon: remoteHost === undefined,
      hasReachableBridges: info.hasReachableBridges,
      // An ssh host may be an alias of ssh's own configuration that no resolver knows; then ports
      // need a published address, and each container's problem says so.
      daemonAddress:
        remoteHost === undefined
          ? undefined
          : await resolveAddress(remoteHost).catch(() => undefined),
      haproxyNetworks: undefined,
      ownContainerIds: this.#options.ownContainerIds ?? new Set(),
    }
  }
}

function describe(error: unknown): string {
  const hint = error instanceof FairleadError && error.hint !== '' ? ` (${error.hint})` : ''
  return `${messageOf(error)}${hint}`
}
