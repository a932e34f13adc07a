import { DockerClient } from '../discovery/docker/client.ts'
import { DockerError } from '../discovery/docker/docker-error.ts'
import type { DockerEvent } from '../discovery/docker/docker-types.ts'
import { SeenEvents, watchStream } from '../discovery/docker/stream-watch.ts'
import { messageOf } from '../model/errors.ts'
import type { Problem } from '../model/problem.ts'
import type { DockerHost } from '../settings/settings.ts'
import { Backoff } from '../support/backoff.ts'
import type { Clock } from '../support/clock.ts'
import { findHome, haproxyLabel } from './home.ts'
import type { FoundHome, HomeQuestion, OwnAddress, Sharing } from './home.ts'
import type { Surroundings } from './joiner.ts'
import type { NetworkDetails } from './rules.ts'

export type HomeWatchOptions = {
  readonly instance: string
  /** `--haproxy-container`. */
  readonly named: string | undefined
  readonly hosts: readonly DockerHost[]
  readonly ownIds: ReadonlySet<string>
  /** Somebody else starts HAProxy. */
  readonly isAttached: boolean
  /** HAProxy runs already. */
  readonly isServing: boolean
  readonly clock: Clock
  readonly onUpdate: (around: Surroundings) => void
}

/** A daemon that takes longer to say where HAProxy's container is keeps nobody waiting. */
const mostReadyMs = 3_000
/** Where HAProxy serves, a list made without knowing would take the servers on overlays from it. */
const mostReadyServingMs = 15_000

type Followed = { readonly host: DockerHost; readonly client: DockerClient }

/**
 * Finds HAProxy's container among the Docker daemons, and follows it: its networks, its end, its
 * replacement by another one. What was known last stands while it is away.
 *
 * States: searching (no daemon has answered), none (the daemons know no such container; the first of
 * them is followed, for one that starts later), found.
 */
export class HomeWatch {
  readonly #options: HomeWatchOptions
  readonly #clients: readonly Followed[]
  readonly #sharing: Sharing = { isShared: undefined }
  #followed: Followed | undefined
  #home: FoundHome | undefined
  #details: ReadonlyMap<string, NetworkDetails> = new Map()
  #problem: Problem | undefined
  #asked = 0
  #answered = 0
  /** The turn that the details are of. */
  #listed = 0
  /** A daemon that knows no such container has answered, and another one has not. */
  #hasAnswer = false
  #looked: () => void = () => undefined
  readonly #firstLook = new Promise<void>((resolve) => {
    this.#looked = resolve
  })

  constructor(options: HomeWatchOptions) {
    this.#options = options
    const clients = options.hosts.map((host) => ({ host, client: new DockerClient(host) }))
    const isLocal = ({ client }: { client: DockerClient }): boolean =>
      client.remoteHost === undefined
    this.#clients = [...clients.filter(isLocal), ...clients.filter((each) => !isLocal(each))]
  }

  get home(): FoundHome | undefined {
    return this.#home
  }

  get details(): ReadonlyMap<string, NetworkDetails> {
    return this.#details
  }

  /** Of the container that this process' sockets are in; empty: not known. */
  get ownAddresses(): readonly OwnAddress[] {
    return this.#home?.ownAddresses ?? this.#sharing.ownAddresses ?? []
  }

  /** HAProxy's container is on this daemon. */
  isHome(dockerUrl: string): boolean {
    return this.#home !== undefined && this.#followed?.host.url === dockerUrl
  }

  /** Some daemon has said whether there is such a container. */
  get isSettled(): boolean {
    return this.#answered > 0 || this.#hasAnswer
  }

  /** Resolves when it is known whether there is such a container, after a while, or with the signal. */
  async ready(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return
    let give: () => void = () => undefined
    const ended = new Promise<void>((resolve) => {
      give = resolve
    })
    signal.addEventListener('abort', give, { once: true })
    const enough = new AbortController()
    const { clock, isServing } = this.#options
    const limit = clock.sleep(isServing ? mostReadyServingMs : mostReadyMs, enough.signal)
    await Promise.race([this.#firstLook, ended, limit])
    enough.abort()
    // Nobody waits for a daemon that does not answer a second time.
    this.#looked()
    signal.removeEventListener('abort', give)
  }

  problems(): readonly Problem[] {
    return this.#problem === undefined ? [] : [this.#problem]
  }

  /** Runs until the signal aborts; never throws for what daemons do. */
  async run(signal: AbortSignal): Promise<void> {
    const backoff = new Backoff(100, 5000)
    while (!signal.aborted) {
      try {
        await this.#search(signal)
        await this.#follow(signal, () => backoff.reset())
      } catch (error) {
        if (!(error instanceof DockerError)) throw error
      }
      await this.#options.clock.sleep(backoff.next(), signal)
    }
    for (const { client } of this.#clients) client.close()
  }

  /** Asks the followed daemon anew; an answer that was overtaken by a newer one is dropped. */
  async look(signal: AbortSignal, withNetworks: boolean): Promise<void> {
    const { client } = this.#followed ?? {}
    if (client === undefined) return
    this.#asked += 1
    const turn = this.#asked
    const details = withNetworks ? await client.networks(signal) : this.#details
    const home = await findHome(this.#question(client, signal))
    if (withNetworks && turn > this.#listed) {
      this.#listed = turn
      this.#details = details
    }
    if (turn < this.#answered) return
    this.#answered = turn
    this.#take(home)
  }

  #take(found: FoundHome | undefined): void {
    const { named } = this.#options
    // Between the end of one container and the start of the next there is none: the last one stands.
    const last = this.#home
    this.#home =
      found ??
      (last === undefined
        ? undefined
        : { ...last, haproxy: { ...last.haproxy, isRunning: false, attached: new Map() } })
    const isMissing = found?.haproxy.isRunning !== true && (named ?? last) !== undefined
    const name = named ?? last?.haproxy.name ?? ''
    this.#problem = isMissing
      ? {
          where: `container ${name}`,
          what: "HAProxy's container does not run",
          hint: `docker start ${name}, or name another one with --haproxy-container`,
        }
      : undefined
    const control = this.#followed?.client
    if (this.#home !== undefined && control !== undefined)
      this.#options.onUpdate({ home: this.#home, details: this.#details, control })
    this.#looked()
  }

  /**
   * The daemon that has the container; for good, once it was found. Else the first that answers, and
   * no verdict as long as another one does not: HAProxy's container may be there. Throws DockerError.
   */
  async #search(signal: AbortSignal): Promise<void> {
    if (this.#home !== undefined) return
    const answering: Followed[] = []
    let failure: unknown
    for (const each of this.#clients) {
      try {
        const found = await findHome(this.#question(each.client, signal))
        answering.push(each)
        if (found === undefined) continue
        this.#followed = each
        return
      } catch (error) {
        failure ??= error
      }
    }
    const [next] = answering
    if (next === undefined || failure !== undefined) {
      this.#hasAnswer ||= next !== undefined
      throw failure instanceof DockerError ? failure : new DockerError(messageOf(failure))
    }
    this.#followed = next
  }

  #question(client: DockerClient, signal: AbortSignal): HomeQuestion {
    const { instance, named, ownIds, isAttached } = this.#options
    return { client, instance, named, ownIds, isAttached, sharing: this.#sharing, signal }
  }

  /** Throws DockerError when the connection breaks. */
  async #follow(signal: AbortSignal, onLooked: () => void): Promise<void> {
    const { client } = this.#followed ?? {}
    if (client === undefined) return
    const { clock } = this.#options
    const connection = new AbortController()
    const end = (): void => connection.abort()
    signal.addEventListener('abort', end, { once: true })
    if (signal.aborted) connection.abort()
    try {
      const askedMs = clock.now()
      const info = await client.info(connection.signal)
      const aheadMs = info.systemTimeMs - (askedMs + clock.now()) / 2
      const sinceMs = info.systemTimeMs
      const stream = await client.events(sinceMs, connection.signal)
      const seen = new SeenEvents()
      await this.look(connection.signal, true)
      onLooked()
      await Promise.race([
        this.#read(stream, seen, connection.signal),
        watchStream({ client, clock, seen, sinceMs, aheadMs, signal: connection.signal }),
      ])
    } finally {
      signal.removeEventListener('abort', end)
      connection.abort()
    }
  }

  async #read(
    stream: AsyncIterable<DockerEvent>,
    seen: SeenEvents,
    signal: AbortSignal,
  ): Promise<void> {
    for await (const event of stream) {
      seen.add(event)
      if (!this.#concerns(event)) continue
      await this.look(signal, event.type === 'network')
    }
  }

  #concerns({ type, action, id, attributes }: DockerEvent): boolean {
    const ids = new Set([this.#home?.haproxy.id, this.#home?.own?.id])
    // Another one may get the subnet of an overlay that is gone, and with it the addresses in it.
    const isGone = action === 'destroy' || action === 'remove'
    if (type === 'network' && isGone) return this.#details.get(id)?.driver === 'overlay'
    if (type === 'network') return ids.has(attributes['container'])
    if (ids.has(id)) return ['start', 'die', 'destroy', 'remove', 'rename'].includes(action)
    if (action !== 'start' && action !== 'rename') return false
    const { named, instance, ownIds } = this.#options
    if (attributes[haproxyLabel] === instance) return true
    // It may share this one's network: only Docker's list says so.
    if (this.#home === undefined && ownIds.size > 0) return true
    return named !== undefined && (attributes['name'] === named || id.startsWith(named))
  }
}
