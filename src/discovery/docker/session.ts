import type { Candidate, Observation } from '../../model/candidate.ts'
import { messageOf } from '../../model/errors.ts'
import { Backoff } from '../../support/backoff.ts'
import type { Clock } from '../../support/clock.ts'
import { eachLimited } from '../../support/each-limited.ts'
import type { DockerClient } from './client.ts'
import { containerToCandidate } from './container-to-candidate.ts'
import { DockerError } from './docker-error.ts'
import type { DaemonInfo, DockerEvent, Inspect, NetworkFacts } from './docker-types.ts'
import { KnownContainer } from './known-container.ts'
import type { MappingContext } from './mapping-context.ts'
import { SeenEvents, watchStream } from './stream-watch.ts'
import { signalName } from './stop-signal.ts'

/** Inspects that run at the same time during a full list. */
const mostInspects = 8
/** How far back the daemon is asked for stop signals that were sent while nobody listened. */
const missedKillsMs = 60_000

export type SessionOptions = {
  readonly client: DockerClient
  readonly clock: Clock
  readonly source: string
  /** All that the mapping needs beside the daemon's networks; made anew for every session. */
  readonly contextFor: (
    info: DaemonInfo,
  ) => Promise<Omit<MappingContext, 'networks' | 'networkOwner'>>
  /** By id. Outlives the session, so that drain marks do. */
  readonly known: Map<string, KnownContainer>
  /** Candidates from before a restart; their drain marks are taken over. */
  readonly restored: readonly Candidate[]
  readonly publish: (observation: Observation) => void
  /** Something went wrong with one container; the session goes on. Empty: it is well again. */
  readonly onTrouble: (message: string) => void
  readonly signal: AbortSignal
}

/**
 * One connection to a daemon, from its first answer to its end. Order: the event stream is opened
 * first, then everything is listed; events that come meanwhile are applied after the list, so none
 * is lost. After that each event costs one inspect at most, one at a time for each container.
 */
export class DockerSession {
  readonly #options: SessionOptions
  readonly #known: Map<string, KnownContainer>
  readonly #seen = new SeenEvents()
  #context: Omit<MappingContext, 'networks' | 'networkOwner'> | undefined
  #networks = new Map<string, NetworkFacts>()
  /** Ids that `GET /networks` does not list; asked for once only. */
  readonly #unlistedNetworks = new Set<string>()
  /** Events that wait for the end of the full list; undefined once it is done. */
  #backlog: DockerEvent[] | undefined = []
  /** Nothing is published until the full list is. */
  #isQuiet = true

  constructor(options: SessionOptions) {
    this.#options = options
    this.#known = options.known
  }

  /** Runs until the connection breaks, and throws then. `onConnected`: the full list is published. */
  async run(onConnected: () => void): Promise<void> {
    const { client, clock, signal } = this.#options
    const askedMs = clock.now()
    const info = await client.info(signal)
    const aheadMs = info.systemTimeMs - (askedMs + clock.now()) / 2
    this.#context = await this.#options.contextFor(info)
    this.#networks = await client.networks(signal)
    const stream = await client.events(info.systemTimeMs, signal)
    const ended = Promise.race([
      this.#follow(stream),
      watchStream({ client, clock, seen: this.#seen, sinceMs: info.systemTimeMs, aheadMs, signal }),
    ])
    await Promise.race([this.#list(info.systemTimeMs, aheadMs), ended])
    onConnected()
    await ended
  }

  async #follow(stream: AsyncIterable<DockerEvent>): Promise<void> {
    for await (const event of stream) {
      this.#seen.add(event)
      if (this.#backlog === undefined) this.#apply(event)
      else this.#backlog.push(event)
    }
    throw new DockerError(`Docker at ${this.#options.client.url} ended the event stream`, {
      hint: 'is it being restarted?',
    })
  }

  async #list(daemonNowMs: number, aheadMs: number): Promise<void> {
    const { client, clock, signal } = this.#options
    const found = new Map<string, { inspect: Inspect; candidate: Candidate } | undefined>()
    await eachLimited(await client.listContainers(signal), mostInspects, async (id) => {
      try {
        const answer = await this.#inspect(id)
        if (answer !== undefined) found.set(id, answer)
      } catch (error) {
        // The daemon answers, but not for this container: the others go on, this one is asked again.
        if (!(error instanceof DockerError) || error.status === undefined) throw error
        this.#options.onTrouble(messageOf(error))
        found.set(id, undefined)
      }
    })
    const kills = await client.pastEvents(daemonNowMs - missedKillsMs, daemonNowMs, {
      signal,
      timeoutMs: 10_000,
    })
    signal.throwIfAborted()
    for (const id of this.#known.keys()) if (!found.has(id)) this.#known.delete(id)
    for (const [id, answer] of found) this.#absorbListed(id, answer)
    for (const candidate of this.#options.restored)
      this.#known.get(candidate.key)?.restore(candidate)
    for (const kill of kills) if (kill.action === 'kill') this.#missedKill(kill, aheadMs)
    const backlog = this.#backlog ?? []
    this.#backlog = undefined
    for (const event of backlog) this.#apply(event)
    for (const container of this.#known.values()) {
      container.endOverdue(clock.now())
      this.#armDrainTimer(container)
    }
    this.#publishAll()
  }

  #absorbListed(id: string, answer: { inspect: Inspect; candidate: Candidate } | undefined): void {
    const container = this.#known.get(id) ?? new KnownContainer(id, id.slice(0, 12))
    container.wanted = undefined
    this.#known.set(id, container)
    if (answer === undefined) this.#want(container, `inspect ${container.name}`, undefined)
    else container.absorb(answer.inspect, answer.candidate)
  }

  /** A stop signal that was sent while fairlead was not there or not connected. */
  #missedKill(event: DockerEvent, aheadMs: number): void {
    const container = this.#known.get(event.id)
    if (container === undefined || container.mark !== undefined) return
    container.killed(
      Number(event.attributes['signal']),
      event.timeNano,
      event.timeNano / 1e6 - aheadMs,
    )
  }

  #publishAll(): void {
    const upserts = [...this.#known.values()].flatMap((each) => each.shown() ?? [])
    this.#isQuiet = false
    this.#options.publish({
      source: this.#options.source,
      isComplete: true,
      upserts,
      removals: [],
      cause: `full list of ${this.#context?.node} (${upserts.length} containers)`,
      eventAtMs: undefined,
    })
  }

  #apply(event: DockerEvent): void {
    if (event.type === 'network') return this.#applyNetwork(event)
    const container = this.#known.get(event.id)
    const name = event.attributes['name'] ?? container?.name ?? event.id.slice(0, 12)
    const eventAtMs = event.timeNano / 1e6
    switch (event.action) {
      case 'start':
        return this.#started(event, name, eventAtMs)
      case 'die':
      case 'destroy':
      case 'remove':
        return this.#gone(event, name, eventAtMs)
      case 'kill':
        return this.#killed(event, eventAtMs)
      case 'health_status':
        return this.#want(container, `health ${event.detail} ${name}`, eventAtMs)
      default:
        return this.#want(container, `${event.action} ${name}`, eventAtMs)
    }
  }

  /** Its id says which containers are touched; the driver comes for free. */
  #applyNetwork(event: DockerEvent): void {
    const { container: id, name, type } = event.attributes
    if (name !== undefined && type !== undefined && !this.#networks.has(event.id)) {
      this.#networks.set(event.id, { name, driver: type })
    }
    const container = this.#known.get(id ?? '')
    this.#want(container, `${event.action} ${container?.name} ${name}`, event.timeNano / 1e6)
  }

  #started(event: DockerEvent, name: string, eventAtMs: number): void {
    const container = this.#known.get(event.id) ?? new KnownContainer(event.id, name)
    this.#known.set(event.id, container)
    this.#want(container, `start ${name}`, eventAtMs)
  }

  /**
   * Acted on at once, without an inspect. An inspect that is under way for it finds its container
   * no longer known, and is dropped. An event of an earlier run is ignored: the list knew better.
   */
  #gone(event: DockerEvent, name: string, eventAtMs: number): void {
    const container = this.#known.get(event.id)
    if (container === undefined || container.isBefore(event.timeNano)) return
    this.#known.delete(event.id)
    const code = event.attributes['exitCode']
    this.#remove(
      event.id,
      `${event.action} ${name}${code === undefined ? '' : ` (exit ${code})`}`,
      eventAtMs,
    )
  }

  #killed(event: DockerEvent, eventAtMs: number): void {
    const container = this.#known.get(event.id)
    if (container === undefined) return
    const signal = Number(event.attributes['signal'])
    container.killed(signal, event.timeNano, this.#options.clock.now())
    this.#armDrainTimer(container)
    this.#show(container, `kill ${signalName(signal)} ${container.name}`, eventAtMs)
  }

  #want(container: KnownContainer | undefined, cause: string, eventAtMs: number | undefined): void {
    if (container === undefined) return
    container.wanted = { cause, eventAtMs }
    if (container.inspectedBy !== this.#options.signal) void this.#refresh(container)
  }

  /**
   * Inspects a container for as long as there are events that no inspect has answered. A result
   * that is older than a later event is dropped. Failures are retried until the session ends.
   */
  async #refresh(container: KnownContainer): Promise<void> {
    const { clock, signal } = this.#options
    const backoff = new Backoff(100, 5000)
    let hasFailed = false
    const isCurrent = (): boolean => !signal.aborted && this.#known.get(container.id) === container
    container.inspectedBy = signal
    while (container.wanted !== undefined && isCurrent()) {
      const wanted = container.wanted
      container.wanted = undefined
      try {
        const answer = await this.#inspect(container.id)
        if (!isCurrent()) break
        if (container.wanted === undefined) this.#answered(container, answer, wanted)
        if (hasFailed) this.#options.onTrouble('')
        hasFailed = false
      } catch (error) {
        if (!isCurrent()) break
        hasFailed = true
        this.#options.onTrouble(messageOf(error))
        container.wanted ??= wanted
        await clock.sleep(backoff.next(), signal)
      }
    }
    if (container.inspectedBy === signal) container.inspectedBy = undefined
  }

  #answered(
    container: KnownContainer,
    answer: { inspect: Inspect; candidate: Candidate } | undefined,
    { cause, eventAtMs }: { cause: string; eventAtMs: number | undefined },
  ): void {
    if (answer === undefined) {
      this.#known.delete(container.id)
      this.#remove(container.id, `${cause}, gone`, eventAtMs)
      return
    }
    container.absorb(answer.inspect, answer.candidate)
    this.#armDrainTimer(container)
    this.#show(container, cause, eventAtMs)
  }

  async #inspect(id: string): Promise<{ inspect: Inspect; candidate: Candidate } | undefined> {
    const { client, signal } = this.#options
    const inspect = await client.inspect(id, signal)
    if (inspect === undefined || this.#context === undefined) return undefined
    await this.#learnNetworks(inspect)
    const mode = inspect.HostConfig?.NetworkMode ?? ''
    const networkOwner = mode.startsWith('container:')
      ? await client.inspect(mode.slice('container:'.length), signal)
      : undefined
    const context = { ...this.#context, networks: this.#networks, networkOwner }
    return { inspect, candidate: containerToCandidate(inspect, context) }
  }

  async #learnNetworks(inspect: Inspect): Promise<void> {
    const ids = Object.values(inspect.NetworkSettings?.Networks ?? {}).map(
      (each) => each.NetworkID ?? '',
    )
    const isNew = (id: string): boolean =>
      id !== '' && !this.#networks.has(id) && !this.#unlistedNetworks.has(id)
    if (!ids.some(isNew)) return
    this.#networks = await this.#options.client.networks(this.#options.signal)
    for (const id of ids.filter(isNew)) this.#unlistedNetworks.add(id)
  }

  #armDrainTimer(container: KnownContainer): void {
    if (container.mark !== undefined) void this.#endDrainLater(container, container.mark.untilMs)
  }

  async #endDrainLater(container: KnownContainer, untilMs: number): Promise<void> {
    const { clock, signal } = this.#options
    await clock.sleep(Math.max(0, untilMs - clock.now()), signal)
    if (signal.aborted || this.#known.get(container.id) !== container) return
    if (container.endOverdue(clock.now()))
      this.#show(container, `still running ${container.name}`, undefined)
  }

  #show(container: KnownContainer, cause: string, eventAtMs: number | undefined): void {
    if (this.#isQuiet) return
    const candidate = container.changed()
    if (candidate === undefined) return
    const { source } = this.#options
    this.#options.publish({
      source,
      isComplete: false,
      upserts: [candidate],
      removals: [],
      cause,
      eventAtMs,
    })
  }

  #remove(id: string, cause: string, eventAtMs: number | undefined): void {
    if (this.#isQuiet) return
    const { source } = this.#options
    this.#options.publish({
      source,
      isComplete: false,
      upserts: [],
      removals: [id],
      cause,
      eventAtMs,
    })
  }
}
