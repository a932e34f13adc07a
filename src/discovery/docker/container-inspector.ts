import type { Candidate } from '../../model/candidate.ts'
import type { DockerClient } from './client.ts'
import type { Inspect, NetworkFacts } from './docker-types.ts'
import type { MappingContext } from './mapping-context.ts'

/** All that the mapping needs beside the networks and the container itself. */
export type DaemonContext = Omit<MappingContext, 'networks' | 'networkOwner'>

/** Makes a candidate of what `docker inspect` says of a container. Never throws. */
export type ContainerMapping = (
  inspect: Inspect,
  context: MappingContext,
) => Candidate | Promise<Candidate>

export type Inspected = { readonly inspect: Inspect; readonly candidate: Candidate }

/** Inspects containers of one daemon and maps them; knows the daemon's networks. */
export class ContainerInspector {
  readonly #client: DockerClient
  readonly #context: DaemonContext
  readonly #map: ContainerMapping
  readonly #signal: AbortSignal
  #networks: Map<string, NetworkFacts>
  /** Ids that `GET /networks` does not list; asked for once only. */
  readonly #unlisted = new Set<string>()

  constructor(options: {
    readonly client: DockerClient
    readonly context: DaemonContext
    readonly map: ContainerMapping
    readonly networks: ReadonlyMap<string, NetworkFacts>
    readonly signal: AbortSignal
  }) {
    this.#client = options.client
    this.#context = options.context
    this.#map = options.map
    this.#networks = new Map(options.networks)
    this.#signal = options.signal
  }

  /** An event told of a network. */
  learn(id: string, facts: NetworkFacts): void {
    if (!this.#networks.has(id)) this.#networks.set(id, facts)
  }

  /** A network has gone; its id is never used again. */
  forget(id: string): void {
    this.#networks.delete(id)
    this.#unlisted.delete(id)
  }

  /** undefined: there is no such container. Throws DockerError. */
  async inspect(id: string): Promise<Inspected | undefined> {
    const inspect = await this.#client.inspect(id, this.#signal)
    if (inspect === undefined) return undefined
    await this.#learnNetworks(inspect)
    const mode = inspect.HostConfig?.NetworkMode ?? ''
    const networkOwner = mode.startsWith('container:')
      ? await this.#client.inspect(mode.slice('container:'.length), this.#signal)
      : undefined
    const context = { ...this.#context, networks: this.#networks, networkOwner }
    return { inspect, candidate: await this.#map(inspect, context) }
  }

  async #learnNetworks(inspect: Inspect): Promise<void> {
    const attached = Object.values(inspect.NetworkSettings?.Networks ?? {})
    const isNew = (id: string): boolean =>
      id !== '' && !this.#networks.has(id) && !this.#unlisted.has(id)
    const ids = attached.map((each) => each.NetworkID ?? '').filter(isNew)
    if (ids.length === 0) return
    const listed = await this.#client.networks(this.#signal)
    for (const [id, facts] of listed) this.#networks.set(id, facts)
    for (const id of ids.filter(isNew)) this.#unlisted.add(id)
  }
}
