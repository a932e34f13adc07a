import type { WatchState } from '../../consul/contract.ts'
import type { HealthEntry } from '../../consul/types.ts'
import type { Candidate, Observation } from '../../model/candidate.ts'
import { FairleadError, messageOf } from '../../model/errors.ts'
import type { Problem } from '../../model/problem.ts'
import { mergeCauses, type Cause, type Snapshot } from '../../model/snapshot.ts'
import { BackgroundWriter } from '../../support/background-writer.ts'
import type { Clock } from '../../support/clock.ts'
import { Mailbox } from '../../support/mailbox.ts'
import type { Contents } from '../embedded/merge.ts'
import { SnapshotError } from '../embedded/snapshot-file.ts'
import { RegistryStorage } from '../embedded/storage.ts'
import type { Registry } from '../registry.ts'
import { CatalogueReader, type ReadMode } from './catalogue-reader.ts'
import { CatalogueView } from './catalogue-view.ts'
import type { ConsulRegistryOptions } from './consul-registry-options.ts'
import { readEntries } from './entries-to-candidates.ts'
import { entriesOfCandidate, type Entry } from './entry.ts'
import { heldProblem } from './held-problem.ts'
import { HeldRemovals, type HeldService } from './held-removals.ts'
import { LocalOverlay } from './local-overlay.ts'
import type { NamedWatchState } from '../../consul-catalogue/watch-states.ts'

/** The source name of everything that was read from Consul, as it is stored. */
export const consulSource = 'consul'

export type ConsulRegistryState = WatchState & {
  /** `starting`: the names of the services are not known yet. */
  readonly mode: ReadMode
  readonly services: number
  /** All services were read, or at least tried, since the start. */
  readonly isComplete: boolean
  readonly watches: readonly NamedWatchState[]
  /** Consul's name of the datacenter; empty until it is known. */
  readonly datacenter: string
  readonly counts: {
    /** Requests sent, those without a usable answer, and those sent again. */
    readonly requests: number
    readonly failed: number
    readonly retries: number
    /** Endpoints whose removal was held back. */
    readonly held: number
  }
  /** From the time a change was noticed to the time it was read, the last one, ms. */
  readonly lagMs: number
}

/**
 * The registry that a Consul cluster keeps: reads its catalogue, follows its changes, and joins them
 * with what the Docker daemons of this host say. Nothing is ever dropped because Consul does not
 * answer, or because reading is not finished: what is stored or was read last stands.
 */
export class ConsulRegistry implements Registry {
  readonly #options: ConsulRegistryOptions
  readonly #clock: Clock
  readonly #overlay: LocalOverlay
  readonly #view: CatalogueView
  readonly #held: HeldRemovals
  readonly #reader: CatalogueReader
  readonly #storage: RegistryStorage
  readonly #writer: BackgroundWriter
  readonly #readers = new Set<Mailbox<readonly Cause[]>>()
  readonly #localSources = new Set<string>()
  /** Wakes whoever confirms removals: there is a new earliest one. */
  readonly #heldChanged = new Mailbox<true>()
  #agentNode: string | undefined
  #agentDatacenter = ''
  #isFromBeforeBoot = false
  #loadProblem: Problem | undefined
  #storageProblem: Problem | undefined

  constructor(options: ConsulRegistryOptions) {
    const { clock, consul, leader, filter, scope, cycleMs, owners, localSources } = options
    this.#options = options
    this.#clock = clock
    this.#overlay = new LocalOverlay({
      owners,
      agentNode: () => this.#agentNode,
      sources: localSources,
      isPlaced: options.isPlaced,
    })
    this.#view = new CatalogueView(this.#overlay)
    this.#held = new HeldRemovals(cycleMs)
    this.#reader = new CatalogueReader({
      consul,
      leader,
      clock,
      filter,
      scope: scope ?? 'all',
      entries: this.#view.entries,
      onAnswer: (service, answer) => this.#onAnswer(service, answer),
      onUnwanted: (service) => this.#onUnwanted(service),
      onAway: (isAway) => this.#onAway(isAway),
      onReset: () => this.#held.doubt(clock.now()),
    })
    this.#storage = new RegistryStorage(options.path)
    this.#writer = new BackgroundWriter({
      write: () => this.#storage.write(this.#contents(this.#overlay.contents)),
      onResult: (error) => this.#onWritten(error),
      clock,
    })
  }

  /** Takes up what is stored, if it is good. A refused one becomes a problem on show. */
  async load(): Promise<void> {
    try {
      const stored = await this.#storage.load()
      if (stored === undefined) return
      this.#loadProblem = stored.problem
      this.#isFromBeforeBoot = stored.isFromBeforeBoot
      if (stored.isFromBeforeBoot) this.#overlay.distrust()
      for (const [source, candidates] of stored.contents) this.#restore(source, candidates)
    } catch (error) {
      if (!(error instanceof SnapshotError)) throw error
      this.#loadProblem = { where: 'registry', what: error.message, hint: error.hint }
    }
  }

  /** Reads and follows the catalogue until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#reader.run(signal), this.#askAgent(signal), this.#confirmDue(signal)])
  }

  /** Resolves when all services were read, or at least tried, or the signal aborts. */
  async firstRead(signal: AbortSignal): Promise<void> {
    await this.#reader.firstRead(signal)
  }

  /** Takes what a Docker daemon of this host says, and passes it on to who registers it. */
  accept(observation: Observation): void {
    this.#localSources.add(observation.source)
    const before = this.#view.revision
    const changes = this.#view.acceptLocal(observation)
    this.#dropHeld()
    this.#storage.note(observation.source, changes)
    this.#announce(before, observation.cause, observation.eventAtMs, changes.length > 0)
    this.#options.onLocal?.(observation)
  }

  /**
   * Drops what an earlier run knew of a Docker daemon, because it is not watched any more or was
   * restarted with the machine. Says nothing about what is registered.
   */
  forget(source: string, cause: string): void {
    this.#localSources.delete(source)
    const before = this.#view.revision
    const changes = this.#view.forgetLocal(source)
    this.#storage.note(source, changes)
    this.#announce(before, cause, undefined, changes.length > 0)
  }

  /** Looks anew at what of the catalogue is this host's. */
  revisit(cause: string): void {
    const before = this.#view.revision
    this.#view.revisitAll()
    this.#announce(before, cause, undefined, false)
  }

  snapshot(): Snapshot {
    return this.#view.snapshot()
  }

  async *changes(signal: AbortSignal): AsyncGenerator<readonly Cause[], void, undefined> {
    const mailbox = new Mailbox<readonly Cause[]>(mergeCauses)
    this.#readers.add(mailbox)
    try {
      for (;;) {
        const causes = await mailbox.take(signal)
        if (causes === undefined) return
        yield causes
      }
    } finally {
      this.#readers.delete(mailbox)
    }
  }

  /** The candidate whose endpoint of this id counts. */
  holder(endpointId: string): Candidate | undefined {
    return this.#view.holder(endpointId)
  }

  /** What one source said last; empty for one that never spoke. */
  candidatesOf(source: string): readonly Candidate[] {
    return [...(this.#contents(this.#overlay.contents).get(source)?.values() ?? [])]
  }

  /** Docker sources that are known, from this run or the last. */
  sources(): readonly string[] {
    return [...this.#localSources]
  }

  /** What was loaded is from before the machine's last start. */
  get isFromBeforeBoot(): boolean {
    return this.#isFromBeforeBoot
  }

  /** Resolves when everything known so far is on disk, or could not be written. */
  async flush(): Promise<void> {
    await this.#writer.flush()
  }

  state(): ConsulRegistryState {
    const { counts, ...state } = this.#reader.state()
    const services = [...this.#view.entries.services()].length
    return {
      ...state,
      services,
      datacenter: this.#agentDatacenter,
      counts: { ...counts, held: this.#held.count },
    }
  }

  /** The highest of Consul's indexes among the services read; 0 before the first. */
  get newestIndex(): number {
    return this.#reader.newestIndex
  }

  /** Removals that are held back, by service. */
  held(): readonly HeldService[] {
    return this.#held.list((service, key) => {
      const entry = this.#view.entries.ofService(service).get(key)
      return entry?.endpoint?.id ?? entry?.serviceId ?? key
    })
  }

  /** Lets the held-back removals of one service, or of all, happen now: ids of the endpoints that went. */
  confirm(service?: string): readonly string[] {
    const meant = this.held().filter((each) => service === undefined || each.service === service)
    for (const [name, keys] of this.#held.confirm(service)) {
      const left = [...this.#view.entries.ofService(name).values()]
      this.#setService(
        name,
        left.filter(({ key }) => !keys.includes(key)),
        `removal from ${name} confirmed`,
      )
    }
    return meant.flatMap(({ endpoints }) => endpoints)
  }

  problems(): readonly Problem[] {
    return [
      ...[this.#loadProblem, this.#storageProblem].filter((each) => each !== undefined),
      ...this.#reader.problems(),
      ...this.held().map((each) => heldProblem(each, this.#clock.now())),
    ]
  }

  #contents(local: Contents): Contents {
    return new Map([[consulSource, this.#view.consulCandidates], ...local])
  }

  #restore(source: string, candidates: ReadonlyMap<string, Candidate>): void {
    if (source !== consulSource) {
      this.#localSources.add(source)
      return this.#view.restoreLocal(source, candidates)
    }
    const byService = new Map<string, Entry[]>()
    for (const entry of [...candidates.values()].flatMap(entriesOfCandidate)) {
      byService.set(entry.service, [...(byService.get(entry.service) ?? []), entry])
    }
    for (const [service, entries] of byService) this.#view.setService(service, entries)
  }

  /** Takes a whole answer about a service; what it lacks may be held back. */
  #onAnswer(service: string, answer: readonly HealthEntry[]): void {
    const { filter, warningIs } = this.#options
    const known = this.#view.entries.ofService(service)
    const nowMs = this.#clock.now()
    const previous = (key: string): Entry | undefined => known.get(key)
    const entries = readEntries(answer, { filter, warningIs, nowMs, previous })
    const present = new Set(entries.map(({ key }) => key))
    const shown = [...known.values()].filter((entry) => this.#view.canBeLost(entry))
    const kept = this.#held.consider(
      service,
      shown.map(({ key }) => key),
      present,
      nowMs,
    )
    const held = [...known.values()].filter(({ key }) => kept.has(key))
    this.#heldChanged.put(true)
    this.#setService(service, [...entries, ...held], `Consul: ${service} changed`)
    this.#dropHeld()
  }

  /** Nothing can be registered then: what starts on this host is served without. */
  #onAway(isAway: boolean): void {
    const before = this.#view.revision
    this.#view.setAlone(isAway)
    this.#announce(before, `Consul is ${isAway ? 'away' : 'back'}`, undefined, false)
  }

  #onUnwanted(service: string): void {
    this.#held.confirm(service)
    this.#setService(service, [], `${service} is not named any more`)
  }

  #setService(service: string, entries: readonly Entry[], cause: string): void {
    const before = this.#view.revision
    const changes = this.#view.setService(service, entries)
    this.#storage.note(consulSource, changes)
    this.#announce(before, cause, undefined, changes.length > 0)
  }

  /** No removal of what Docker says is gone, or is another service's now, needs confirmation. */
  #dropHeld(): void {
    const { entries } = this.#view
    const isKnown = (service: string, key: string): boolean =>
      !this.#view.canBeLost(entries.ofService(service).get(key))
    const dropped = this.#held.dropWhere(isKnown)
    for (const [service, keys] of dropped) {
      const known = [...entries.ofService(service).values()]
      const left = known.filter((each) => !keys.has(each.key) || !entries.isElsewhere(each))
      this.#setService(service, left, `instances of ${service} are another service's now`)
    }
  }

  #announce(
    before: number,
    what: string,
    eventAtMs: number | undefined,
    isStoredChanged: boolean,
  ): void {
    if (isStoredChanged) this.#writer.touch()
    if (this.#view.revision === before) return
    const cause: Cause = { what, eventAtMs, seenAtMs: this.#clock.now() }
    for (const reader of this.#readers) reader.put([cause])
  }

  /** Which node the agent is: what is registered there may be this host's containers. */
  async #askAgent(signal: AbortSignal): Promise<void> {
    const { agent, consul } = this.#options
    type Self = { readonly Config?: { readonly NodeName?: string; readonly Datacenter?: string } }
    while (!signal.aborted) {
      try {
        const { value } = await (agent ?? consul).get<Self | null>('/v1/agent/self', { signal })
        this.#agentDatacenter = value?.Config?.Datacenter ?? ''
        if (this.#agentNode === value?.Config?.NodeName) return
        this.#agentNode = value?.Config?.NodeName
        this.revisit(`the agent is node ${this.#agentNode}`)
        return
      } catch (error) {
        if (!(error instanceof FairleadError)) throw error
        // A token may not be allowed to ask; what fairlead registered is known by its meta.
        if (error.code === 'consul_refused') return
        await this.#clock.sleep(agentPauseMs, signal)
      }
    }
  }

  /** Reads services again when their removals have been held back for long enough. */
  async #confirmDue(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const nextMs = this.#held.nextMs()
      if (nextMs === undefined) {
        if ((await this.#heldChanged.take(signal)) === undefined) return
        continue
      }
      await this.#clock.sleep(Math.max(0, nextMs - this.#clock.now()), signal)
      for (const service of this.#held.due(this.#clock.now())) this.#reader.readAgain(service)
      // The answers decide; until they are there the same removals stay due.
      await this.#clock.sleep(confirmPauseMs, signal)
    }
  }

  #onWritten(error: unknown): void {
    const before = this.#storageProblem
    const hint =
      'a restart would not know the newest state before Consul has answered; free some space'
    this.#storageProblem =
      error === undefined ? undefined : { where: 'registry', what: messageOf(error), hint }
    if (before?.what !== this.#storageProblem?.what) this.#options.onProblem?.()
  }
}

const agentPauseMs = 1000
const confirmPauseMs = 1000
