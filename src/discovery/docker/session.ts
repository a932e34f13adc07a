import { messageOf } from '../../model/errors.ts'
import type { Gone } from '../../networks/contract.ts'
import { Backoff } from '../../support/backoff.ts'
import { eachLimited } from '../../support/each-limited.ts'
import { LimitedQueue } from '../../support/limited-queue.ts'
import { ContainerInspector } from './container-inspector.ts'
import type { Inspected } from './container-inspector.ts'
import { DockerError } from './docker-error.ts'
import type { DockerEvent } from './docker-types.ts'
import { isAway, listAll, mostInspects } from './full-list.ts'
import { KnownContainer } from './known-container.ts'
import { Observations } from './observations.ts'
import type { SessionOptions } from './session-options.ts'
import { SeenEvents, watchStream } from './stream-watch.ts'
import { signalName, signalOf } from './stop-signal.ts'

/** What is there once a daemon has answered. */
type Opened = {
  readonly node: string
  /** The daemon's clock when the stream was opened, and how far it is ahead of ours. */
  readonly openedMs: number
  readonly aheadMs: number
  readonly inspector: ContainerInspector
  readonly stream: AsyncIterable<DockerEvent>
}

/**
 * One connection to a daemon, from its first answer to its end. Order: the event stream is opened
 * first, then everything is listed; events that come meanwhile are applied after the list, so none
 * is lost. After that each event costs one inspect at most, one at a time for each container. What
 * HAProxy's networks ask for beside that is done for a few containers at a time, and waits.
 */
export class DockerSession {
  readonly #options: SessionOptions
  readonly #known: Map<string, KnownContainer>
  readonly #seen = new SeenEvents()
  readonly #opened: Opened
  /** Events that wait for the end of the full list; undefined once it is done. */
  #backlog: DockerEvent[] | undefined = []
  /** Networks of which HAProxy's reach changed while containers of the list were looked at. */
  readonly #changedNetworks = new Set<string | undefined>()
  /** Containers to be looked at anew for HAProxy's networks. */
  readonly #toLookAt = new LimitedQueue<KnownContainer>(mostInspects, (container) =>
    this.#lookAnew(container),
  )
  readonly #observations: Observations

  private constructor(options: SessionOptions, opened: Opened) {
    this.#options = options
    this.#known = options.known
    this.#opened = opened
    this.#observations = new Observations(options.source, options.publish)
  }

  /** Asks what daemon it is and opens its event stream. Throws DockerError. */
  static async open(options: SessionOptions): Promise<DockerSession> {
    const { client, clock, signal } = options
    const askedMs = clock.now()
    const info = await client.info(signal)
    const aheadMs = info.systemTimeMs - (askedMs + clock.now()) / 2
    const context = await options.contextFor(info)
    const networks = await client.networks(signal)
    const inspector = new ContainerInspector({
      client,
      context,
      map: options.map,
      networks,
      signal,
    })
    const stream = await client.events(info.systemTimeMs, signal)
    const { node } = context
    return new DockerSession(options, {
      node,
      openedMs: info.systemTimeMs,
      aheadMs,
      inspector,
      stream,
    })
  }

  /** Runs until the connection breaks, and throws then. `onConnected`: the full list is published. */
  async run(onConnected: () => void): Promise<void> {
    const { client, clock, signal } = this.#options
    const { openedMs: sinceMs, aheadMs } = this.#opened
    const ended = Promise.race([
      this.#follow(this.#opened.stream),
      watchStream({ client, clock, seen: this.#seen, sinceMs, aheadMs, signal }),
    ])
    const unfollow = this.#options.networks?.onChange((id) => this.#networkChanged(id))
    try {
      await Promise.race([this.#list(), ended])
      onConnected()
      await ended
    } finally {
      unfollow?.()
    }
  }

  /** HAProxy reaches a network now, or does not: the containers there are looked at anew. */
  #networkChanged(id: string | undefined): void {
    // Those of the list are, when that is made.
    if (this.#backlog !== undefined) return void this.#changedNetworks.add(id)
    for (const container of this.#known.values()) {
      if (id !== undefined && !container.mayBeOn(id)) continue
      // What is being asked now was mapped by the networks from before: it is asked once more.
      if (this.#isAsked(container)) this.#want(container, reachCause(container), undefined)
      else this.#toLookAt.add(container)
    }
  }

  /** Until the first answer or failure: what fails is tried again without a place in the queue. */
  async #lookAnew(container: KnownContainer): Promise<void> {
    if (!this.#isCurrent(container)) return
    container.wanted = { cause: reachCause(container), eventAtMs: undefined }
    await this.#refresh(container)
  }

  /** Everything that runs is inspected again, what no longer runs is removed. Throws DockerError. */
  async relist(): Promise<void> {
    const { client, signal } = this.#options
    const known = [...this.#known.keys()]
    const listed = await client.listContainers(signal)
    await eachLimited([...new Set([...listed, ...known])], mostInspects, (id) => this.#relook(id))
  }

  /** Events that come meanwhile know better: then this answer is dropped, theirs counts. */
  async #relook(id: string): Promise<void> {
    const container = this.#known.get(id) ?? new KnownContainer(id, id.slice(0, 12))
    const wasKnown = this.#known.has(id)
    this.#known.set(id, container)
    const answer = await this.#opened.inspector.inspect(id).catch((error: unknown) => {
      this.#options.onTrouble(messageOf(error))
      if (this.#isCurrent(container)) this.#askLater(container)
      if (isAway(error)) throw error
      return 'failed' as const
    })
    if (answer === 'failed' || !this.#isCurrent(container)) return
    if (container.wanted !== undefined) return
    const state = answer?.inspect.State
    if (state?.Running === true) return this.#answered(container, answer, lookedAt(container))
    this.#known.delete(id)
    this.#leaveNetwork(id, 'ended')
    if (wasKnown) this.#remove(id, `${container.name} is gone`, undefined, state?.ExitCode)
  }

  /** An inspect failed that no event had asked for: what it would have told is not known yet. */
  #askLater(container: KnownContainer): void {
    this.#toLookAt.remove(container)
    container.wanted ??= lookedAt(container)
    if (this.#isAsked(container)) return
    container.inspectedBy = this.#options.signal
    void this.#tryAgain(container, new Backoff(100, 5000))
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

  async #list(): Promise<void> {
    const { client, clock, onTrouble, signal } = this.#options
    const { inspector, openedMs } = this.#opened
    const list = await listAll({ client, inspector, openedMs, onTrouble, signal })
    signal.throwIfAborted()
    for (const id of this.#known.keys()) if (!list.containers.has(id)) this.#known.delete(id)
    for (const [id, answer] of list.containers) this.#absorbListed(id, answer)
    for (const candidate of this.#options.restored)
      this.#known.get(candidate.key)?.restore(candidate)
    for (const kill of list.kills) this.#missedKill(kill)
    const backlog = this.#backlog ?? []
    this.#backlog = undefined
    for (const event of backlog) this.#apply(event)
    for (const id of this.#changedNetworks) this.#networkChanged(id)
    for (const container of this.#known.values()) {
      container.endOverdue(clock.now())
      this.#holdNetwork(container)
      this.#armDrainTimer(container)
    }
    this.#options.networks?.keepOnly(this.#options.source, new Set(this.#known.keys()))
    this.#publishAll()
  }

  #absorbListed(id: string, answer: Inspected | undefined): void {
    const container = this.#known.get(id) ?? new KnownContainer(id, id.slice(0, 12))
    container.wanted = undefined
    this.#known.set(id, container)
    if (answer === undefined) this.#want(container, `inspect ${container.name}`, undefined)
    else container.absorb(answer.inspect, answer.candidate)
  }

  /** A stop signal that was sent while fairlead was not there or not connected. */
  #missedKill(event: DockerEvent): void {
    const container = this.#known.get(event.id)
    if (container === undefined || container.mark !== undefined) return
    const sentMs = event.timeNano / 1e6 - this.#opened.aheadMs
    container.killed(signalOf(event), event.timeNano, sentMs)
  }

  #publishAll(): void {
    const upserts = [...this.#known.values()].flatMap((each) => each.shown() ?? [])
    const cause = `full list of ${this.#opened.node} (${upserts.length} containers)`
    this.#observations.all(upserts, cause)
  }

  #apply(event: DockerEvent): void {
    if (event.type === 'network') {
      if (event.action === 'destroy') return this.#opened.inspector.forget(event.id)
      return this.#applyNetwork(event)
    }
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
    if (name !== undefined && type !== undefined) {
      this.#opened.inspector.learn(event.id, { name, driver: type })
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
   * no longer known, and is dropped. One from before its start is of an earlier run, which the list
   * knew better, or the daemon's clock was set back: then it is asked.
   */
  #gone(event: DockerEvent, name: string, eventAtMs: number): void {
    const container = this.#known.get(event.id)
    const isOnPurpose = event.action !== 'die' || container?.mark !== undefined
    if (container?.isBefore(event.timeNano) !== true) {
      this.#leaveNetwork(event.id, isOnPurpose ? 'stopped' : 'ended')
    }
    if (container === undefined) return
    if (container.isBefore(event.timeNano)) {
      return this.#want(container, `${event.action} ${name}`, eventAtMs)
    }
    this.#known.delete(event.id)
    const code = event.attributes['exitCode']
    this.#remove(
      event.id,
      `${event.action} ${name}${code === undefined ? '' : ` (exit ${code})`}`,
      eventAtMs,
      code === undefined || code === '' ? undefined : Number(code),
    )
  }

  #killed(event: DockerEvent, eventAtMs: number): void {
    const container = this.#known.get(event.id)
    if (container === undefined) return
    const signal = signalOf(event)
    container.killed(signal, event.timeNano, this.#options.clock.now())
    this.#holdNetwork(container)
    this.#armDrainTimer(container)
    this.#show(container, `kill ${signalName(signal)} ${container.name}`, eventAtMs)
  }

  #want(container: KnownContainer | undefined, cause: string, eventAtMs: number | undefined): void {
    if (container === undefined) return
    this.#toLookAt.remove(container)
    container.wanted = { cause, eventAtMs }
    if (!this.#isAsked(container)) void this.#refresh(container)
  }

  #isAsked(container: KnownContainer): boolean {
    return container.inspectedBy === this.#options.signal
  }

  #isCurrent(container: KnownContainer): boolean {
    return !this.#options.signal.aborted && this.#known.get(container.id) === container
  }

  /**
   * Inspects a container for as long as there are events that no inspect has answered. A result
   * that is older than a later event is dropped. Resolves at the first failure, too; it is retried
   * until the session ends.
   */
  async #refresh(container: KnownContainer, failed?: Backoff): Promise<void> {
    const { onTrouble, signal } = this.#options
    let backoff = failed
    container.inspectedBy = signal
    while (container.wanted !== undefined && this.#isCurrent(container)) {
      const wanted = container.wanted
      container.wanted = undefined
      try {
        const answer = await this.#opened.inspector.inspect(container.id)
        if (!this.#isCurrent(container)) break
        if (container.wanted === undefined) this.#answered(container, answer, wanted)
        if (backoff !== undefined) onTrouble('')
        backoff = undefined
      } catch (error) {
        if (!this.#isCurrent(container)) break
        onTrouble(messageOf(error))
        container.wanted ??= wanted
        return void this.#tryAgain(container, backoff ?? new Backoff(100, 5000))
      }
    }
    if (container.inspectedBy === signal) container.inspectedBy = undefined
  }

  async #tryAgain(container: KnownContainer, backoff: Backoff): Promise<void> {
    await this.#options.clock.sleep(backoff.next(), this.#options.signal)
    await this.#refresh(container, backoff)
  }

  #answered(
    container: KnownContainer,
    answer: Inspected | undefined,
    { cause, eventAtMs }: { cause: string; eventAtMs: number | undefined },
  ): void {
    if (answer === undefined) {
      this.#known.delete(container.id)
      this.#leaveNetwork(container.id, 'stopped')
      this.#remove(container.id, `${cause}, gone`, eventAtMs)
      return
    }
    container.absorb(answer.inspect, answer.candidate)
    this.#holdNetwork(container)
    this.#armDrainTimer(container)
    this.#show(container, cause, eventAtMs)
  }

  #armDrainTimer(container: KnownContainer): void {
    if (container.mark !== undefined) void this.#endDrainLater(container, container.mark.untilMs)
  }

  async #endDrainLater(container: KnownContainer, untilMs: number): Promise<void> {
    const { clock, signal } = this.#options
    await clock.sleep(Math.max(0, untilMs - clock.now()), signal)
    if (signal.aborted || this.#known.get(container.id) !== container) return
    // The time has passed, whatever the clock says: timers fire a moment early, clocks are set back.
    if (!container.endOverdue(Math.max(untilMs, clock.now()))) return
    const cause = `still running ${container.name}`
    // Where it is on a network that HAProxy may have left, its address is found anew.
    if (this.#holdNetwork(container)) this.#want(container, cause, undefined)
    else this.#show(container, cause, undefined)
  }

  /** What drains is no reason to stay on a network. True: its network is wanted again. */
  #holdNetwork({ id, mark }: KnownContainer): boolean {
    const { networks, source } = this.#options
    if (mark === undefined) return networks?.retain(source, id) === true
    networks?.release(source, id)
    return false
  }

  #show(container: KnownContainer, cause: string, eventAtMs: number | undefined): void {
    if (this.#observations.isQuiet) return
    const candidate = container.changed()
    if (candidate !== undefined) this.#observations.changed(candidate, { cause, eventAtMs })
  }

  #leaveNetwork(id: string, gone: Gone): void {
    this.#options.networks?.drop(this.#options.source, id, gone)
  }

  #remove(id: string, cause: string, eventAtMs: number | undefined, exitCode?: number): void {
    this.#observations.removed(id, { cause, eventAtMs }, exitCode)
  }
}

function lookedAt({ name }: KnownContainer): NonNullable<KnownContainer['wanted']> {
  return { cause: `looked at ${name}`, eventAtMs: undefined }
}

function reachCause({ name }: KnownContainer): string {
  return `HAProxy's networks changed, ${name}`
}
