import { setMaxListeners } from 'node:events'
import type { Candidate, Observation, SourceState } from '../../model/candidate.ts'
import type { Problem } from '../../model/problem.ts'
import type { Joining } from '../../networks/contract.ts'
import { Backoff } from '../../support/backoff.ts'
import type { Clock } from '../../support/clock.ts'
import { eachLimited } from '../../support/each-limited.ts'
import { DockerError } from '../docker/docker-error.ts'
import { signalName } from '../docker/stop-signal.ts'
import { causeOf, firstRunningMs, KnownSwarm } from './known-swarm.ts'
import { paceOf, restOf } from './pace.ts'
import { parseList } from './swarm-client.ts'
import type { SwarmClient } from './swarm-client.ts'
import { describeSwarmFault } from './swarm-error.ts'
import type { SwarmEvent } from './swarm-event.ts'
import type { SwarmTask } from './swarm-types.ts'
import type { SwarmContext } from './task-to-candidate.ts'

export type SwarmWatchOptions = {
  readonly client: SwarmClient
  readonly clock: Clock
  readonly source: string
  readonly context: SwarmContext
  /** Those of HAProxy's container, which the mapping asks; undefined: it does not. */
  readonly joining: Pick<Joining, 'networks' | 'ready'> | undefined
  readonly restored: readonly Candidate[]
  readonly publish: (observation: Observation) => void
  readonly onState: (state: SourceState['state'], error: string) => void
  readonly signal: AbortSignal
}

/** Services and nodes are read anew this often, should an event of theirs be lost. */
const refreshMs = 10_000
/** Images that are asked for at the same time. */
const mostImages = 4

/**
 * Follows a swarm by two things at once: polls of its tasks, never two at a time, and the event
 * stream of the manager's daemon, which says when to poll soon and which tasks of this node are
 * ending. Either may fail and come back without the other. Polls that fail change nothing.
 */
export class SwarmWatch {
  readonly #options: SwarmWatchOptions
  readonly #swarm = new KnownSwarm()
  /** Another object when tasks have to be mapped anew. */
  #context: SwarmContext
  #lastTasks = ''
  /** What the manager has taken to answer for tasks in the last poll. */
  #tookMs = 0
  /** The last answer had no task in it, where there were some before. */
  #wasSuddenlyEmpty = false
  #needsFacts = true
  #factsAtMs = Number.NEGATIVE_INFINITY
  #newsAtMs: number
  /** The complete observation was published. */
  #hasSpoken = false
  /** Ends the pause before the next poll. */
  #wake = new AbortController()

  constructor(options: SwarmWatchOptions) {
    this.#options = options
    this.#context = options.context
    this.#newsAtMs = options.clock.now()
    // A listener for each request and each pause: few at a time, but not a leak.
    setMaxListeners(0, options.signal)
  }

  /** Runs until the signal aborts; never throws for what the network or the manager does. */
  async run(): Promise<void> {
    const { joining, signal } = this.#options
    // Without this what is on HAProxy's networks would be taken out for a moment at every start.
    await joining?.ready(signal)
    const unfollow = joining?.networks.onChange(() => this.#networksChanged())
    await Promise.all([this.#pollForEver(), this.#followForEver()])
    unfollow?.()
  }

  #networksChanged(): void {
    this.#context = { ...this.#context }
    this.#say("HAProxy's networks changed")
  }

  problems(): readonly Problem[] {
    return this.#swarm.problems()
  }

  async #pollForEver(): Promise<void> {
    const { clock, onState, signal } = this.#options
    const backoff = new Backoff(100, 2_000)
    while (!signal.aborted) {
      const startedMs = clock.now()
      try {
        await this.#poll()
        backoff.reset()
        onState('connected', '')
      } catch (error) {
        if (signal.aborted) return
        onState('connecting', describeSwarmFault(error))
        // What comes after a failure is read whole: another manager may have taken over.
        this.#needsFacts = true
        this.#wasSuddenlyEmpty = false
        await clock.sleep(backoff.next(), signal)
        continue
      }
      await this.#pause(startedMs)
    }
  }

  /** Until the next poll is due, or something happens. */
  async #pause(startedMs: number): Promise<void> {
    const { clock, signal } = this.#options
    await clock.sleep(restOf(this.#tookMs), signal)
    const paceMs = paceOf({
      sinceNewsMs: this.#msSince(this.#newsAtMs),
      services: this.#swarm.services,
      tasks: this.#swarm.wanted(),
    })
    const wake = this.#wake.signal
    if (!wake.aborted && !signal.aborted) {
      const end = (): void => this.#wake.abort()
      signal.addEventListener('abort', end, { once: true })
      await clock.sleep(Math.max(0, paceMs - this.#msSince(startedMs)), wake)
      signal.removeEventListener('abort', end)
    }
    this.#wake = new AbortController()
  }

  /** A clock that was set back has nobody wait until it is there again. */
  #msSince(atMs: number): number {
    return Math.abs(this.#options.clock.now() - atMs)
  }

  async #poll(): Promise<void> {
    const { client, clock, signal } = this.#options
    this.#tookMs = 0
    if (this.#needsFacts || this.#msSince(this.#factsAtMs) >= refreshMs) await this.#readFacts()
    const text = await this.#timed(client.wantedTasks(signal))
    if (text === this.#lastTasks) this.#wasSuddenlyEmpty = false
    else {
      const tasks: readonly SwarmTask[] = parseList(text, '/tasks')
      if (this.#isDoubtful(tasks)) return this.#news()
      if (this.#swarm.lacksFacts(tasks)) await this.#readFacts()
      this.#swarm.setWanted(tasks, clock.now())
      this.#lastTasks = text
      this.#newsAtMs = clock.now()
      await this.#readImages(this.#swarm.unaskedImages())
    }
    this.#show()
    await this.#askLeaving()
    // Nobody waits for these, nor for those that could not be asked for: the next poll shows them.
    await this.#readImages([
      ...this.#swarm.unaskedImages(),
      ...this.#swarm.missingImages(clock.now()),
    ])
  }

  async #timed<T>(answer: Promise<T>): Promise<T> {
    const { clock } = this.#options
    const askedMs = clock.now()
    try {
      return await answer
    } finally {
      // A clock may be set back.
      this.#tookMs += Math.max(0, clock.now() - askedMs)
    }
  }

  /**
   * All tasks gone at once is more likely a manager's fault than what somebody wants: it counts when
   * the next answer, which is asked for at once, says so too.
   */
  #isDoubtful(tasks: readonly SwarmTask[]): boolean {
    const { restored } = this.#options
    const isSudden =
      tasks.length === 0 &&
      !this.#wasSuddenlyEmpty &&
      (this.#hasSpoken ? this.#swarm.wanted() : restored).length > 0
    this.#wasSuddenlyEmpty = isSudden
    return isSudden
  }

  /** Names, labels, published ports. */
  async #readFacts(): Promise<void> {
    const { client, clock, signal } = this.#options
    this.#needsFacts = false
    try {
      this.#swarm.setNodes(await client.nodes(signal))
      this.#swarm.setServices(await client.services(signal))
    } catch (error) {
      this.#needsFacts = true
      throw error
    }
    this.#factsAtMs = clock.now()
  }

  async #readImages(references: readonly string[]): Promise<void> {
    const { client, clock, signal } = this.#options
    await eachLimited(references, mostImages, async (reference) => {
      try {
        this.#swarm.setImage(reference, await client.image(reference, signal), clock.now())
      } catch (error) {
        // What Docker itself cannot read is as one that is not there: it holds up nothing for long.
        const isBroken = error instanceof DockerError && error.status === 500
        if (isBroken) this.#swarm.setImage(reference, undefined, clock.now())
        throw error
      }
    })
  }

  /** Tasks that are on their way out are not in the list of those that should run. */
  async #askLeaving(): Promise<void> {
    const { client, clock, signal } = this.#options
    const ids = this.#swarm.leaving()
    if (ids.length === 0) return
    const tasks = await this.#timed(client.tasks(ids, signal))
    this.#swarm.setLeaving(ids, tasks, clock.now())
    this.#show()
  }

  async #followForEver(): Promise<void> {
    const { client, clock, signal } = this.#options
    const backoff = new Backoff(100, 2_000)
    while (!signal.aborted) {
      try {
        const events = await client.events(signal)
        backoff.reset()
        // What happened while nobody listened.
        this.#news()
        for await (const event of events) this.#apply(event)
      } catch {
        // Polls go on, and tell why where they fail, too.
      }
      await clock.sleep(backoff.next(), signal)
    }
  }

  #apply(event: SwarmEvent): void {
    const { clock } = this.#options
    switch (event.kind) {
      case 'changed':
        this.#needsFacts = true
        return this.#news()
      case 'started':
        return this.#news()
      case 'killed':
        if (this.#swarm.killed(event.taskId, event.signal, clock.now())) {
          const name = this.#swarm.nameOf(event.taskId)
          this.#say(`kill ${signalName(event.signal)} ${name}`)
        }
        return this.#news()
      case 'ended':
        if (this.#swarm.ended(event.taskId)) {
          this.#say(`die ${this.#swarm.nameOf(event.taskId)}`)
        }
        return this.#news()
    }
  }

  /** Something is going on: the next poll comes at once, and those after it soon. */
  #news(): void {
    this.#newsAtMs = this.#options.clock.now()
    this.#wake.abort()
  }

  /** The difference that a poll has made; at first all. */
  #show(): void {
    const { clock, joining, publish, restored, source } = this.#options
    if (this.#hasSpoken) return this.#say()
    const context = this.#context
    this.#swarm.restore(restored, context, clock.now())
    const upserts = this.#swarm.all(context, clock.now())
    this.#hasSpoken = true
    joining?.networks.keepOnly(source, this.#swarm.containerIds())
    const cause = `full list of ${source} (${upserts.length} tasks)`
    publish({ source, isComplete: true, upserts, removals: [], cause, eventAtMs: undefined })
  }

  #say(cause?: string): void {
    if (!this.#hasSpoken) return
    const { clock, joining, publish, source } = this.#options
    const difference = this.#swarm.difference(this.#context, clock.now())
    const { upserts, removals, fresh } = difference
    for (const { containerId, isOnPurpose } of removals) {
      joining?.networks.drop(source, containerId, isOnPurpose ? 'stopped' : 'ended')
    }
    if (upserts.length === 0 && removals.length === 0) return
    publish({
      source,
      isComplete: false,
      upserts,
      removals: removals.map(({ id }) => id),
      exits: new Map(
        removals.flatMap(({ id, exitCode }) => (exitCode === undefined ? [] : [[id, exitCode]])),
      ),
      cause: cause ?? causeOf(difference),
      eventAtMs: firstRunningMs(fresh),
    })
  }
}
