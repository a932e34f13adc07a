import { clusterService } from '../../cluster/own-service.ts'
import type { Consul, WatchState } from '../../consul/contract.ts'
import type { CatalogNode, HealthEntry } from '../../consul/types.ts'
import { watch } from '../../consul/watch.ts'
import type { Problem } from '../../model/problem.ts'
import type { Clock } from '../../support/clock.ts'
import { Mailbox } from '../../support/mailbox.ts'
import { BoundedConsul } from '../../consul-catalogue/bounded-consul.ts'
import type { OfferedService } from '../../consul-catalogue/changed-services.ts'
import type { Entry } from './entry.ts'
import type { EntryIndex } from './entry-index.ts'
import { readByNode } from '../../consul-catalogue/reading-by-node.ts'
import { readByService } from './reading-by-service.ts'
import { wantedNames, type Reading, type ServiceNames } from '../../consul-catalogue/reading.ts'
import { chosenBy, type ServiceFilter } from './service-filter.ts'
import { ServiceReads } from '../../consul-catalogue/service-reads.ts'
import { pulse, WatchStates, type NamedWatchState } from '../../consul-catalogue/watch-states.ts'

/** Up to so many services have a watch each; the gap keeps a catalogue near it from going back and forth. */
const mostServices = 40
const fewestServices = 30
/**
 * How often a sign of life is asked for. A blocking query tells of the leader as it was when it
 * began, so that is noticed after twice as long.
 */
const pulseMs = 5000

export type ReadMode = 'starting' | 'by service' | 'by node'

export type CatalogueReaderOptions = {
  readonly consul: Consul
  /** For what only the leader is asked; undefined: nothing is. */
  readonly leader?: Consul | undefined
  readonly clock: Clock
  readonly filter: ServiceFilter
  readonly scope: 'all' | 'chosen'
  /** What the registry has now. */
  readonly entries: EntryIndex
  readonly onAnswer: (service: string, answer: readonly HealthEntry[]) => void
  /** Nothing of the settings names this service any more. */
  readonly onUnwanted: (service: string) => void
  /** Consul went away (it does not answer, or has no leader), or is back. */
  readonly onAway: (isAway: boolean) => void
  /** Consul has lost its state; told before the answer that says so. */
  readonly onReset: () => void
}

export type CatalogueReaderState = WatchState & {
  readonly mode: ReadMode
  readonly isComplete: boolean
  readonly watches: readonly NamedWatchState[]
  readonly counts: { readonly requests: number; readonly failed: number; readonly retries: number }
  readonly lagMs: number
}

/** Consul itself and fairlead's load balancers are registered too, and are nothing to balance. */
const neverRead: ReadonlySet<string> = new Set(['consul', clusterService])

/** Reads Consul's catalogue and follows its changes, in the way that suits its size. */
export class CatalogueReader {
  readonly #options: CatalogueReaderOptions
  readonly #consul: BoundedConsul
  readonly #leader: BoundedConsul | undefined
  readonly #states: WatchStates
  #reads: ServiceReads | undefined
  #nodes: readonly CatalogNode[] | undefined
  readonly #nodeListeners = new Set<(nodes: readonly CatalogNode[]) => void>()
  /** Ends the present way of reading; the next begins with everything anew. */
  #round: AbortController | undefined
  #mode: ReadMode = 'starting'
  /** Services that were not tried yet; undefined: their names are not known. */
  #untried: Set<string> | undefined
  readonly #tried = new Mailbox<true>()

  constructor(options: CatalogueReaderOptions) {
    this.#options = options
    this.#consul = new BoundedConsul(options.consul, () => {
      this.#reads?.forgetIndexes()
      options.onReset()
    })
    const { leader } = options
    this.#leader = leader === undefined ? undefined : new BoundedConsul(leader)
    this.#states = new WatchStates(options.clock.now(), options.onAway)
  }

  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#followPulse(signal), this.#read(signal)])
  }

  async #read(signal: AbortSignal): Promise<void> {
    const reading = this.#reading(signal)
    while (!signal.aborted) {
      const round = new AbortController()
      this.#round = round
      const abort = (): void => round.abort()
      signal.addEventListener('abort', abort, { once: true })
      const names = await this.#firstNames(reading, round.signal)
      if (!round.signal.aborted) {
        this.#mode = names.length > mostServices ? 'by node' : 'by service'
        if (this.#mode === 'by node')
          await readByNode(reading, names, { fewestServices }, round.signal)
        else await readByService(reading, mostServices, round.signal)
      }
      signal.removeEventListener('abort', abort)
    }
  }

  /**
   * Asks for a sign of life every few seconds. After a long silence all watches begin anew: each may
   * hang on a connection of which the other end knows nothing any more.
   */
  async #followPulse(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options
    let silentSinceMs: number | undefined
    let index = 0
    const answers = watch<readonly CatalogNode[]>(this.#consul, '/v1/catalog/nodes', {
      query: { stale: true },
      clock,
      waitMs: pulseMs,
      signal,
      onState: (state) => {
        this.#states.set(pulse, state)
        if (state.state === 'waiting') silentSinceMs ??= clock.now()
        else if (silentSinceMs !== undefined) {
          if (clock.now() - silentSinceMs > pulseMs) this.#round?.abort()
          silentSinceMs = undefined
        }
      },
    })
    for await (const answer of answers) {
      // Another Consul's, or of one that lost its state: its indexes begin anew.
      if (answer.index < index) this.#reads?.forgetIndexes()
      index = answer.index
      this.#nodes = answer.value
      for (const listener of this.#nodeListeners) listener(answer.value)
    }
  }

  /** Resolves when every service was tried once, or the signal aborts. One caller only. */
  async firstRead(signal: AbortSignal): Promise<void> {
    while (this.#untried?.size !== 0 && !signal.aborted) await this.#tried.take(signal)
  }

  /** Reads a service once more, whatever its watch says. */
  readAgain(service: string): void {
    this.#reads?.mark({ service, expectation: undefined })
  }

  state(): CatalogueReaderState {
    const { retries = 0, lagMs = 0 } = this.#reads?.counts ?? {}
    return {
      ...this.#states.together(),
      mode: this.#mode,
      isComplete: this.#untried?.size === 0,
      watches: this.#states.list(),
      counts: { ...this.#counts(), retries },
      lagMs,
    }
  }

  #counts(): { readonly requests: number; readonly failed: number } {
    const all = [this.#consul.counts, ...(this.#leader === undefined ? [] : [this.#leader.counts])]
    const sum = (values: readonly number[]): number => values.reduce((total, each) => total + each)
    return {
      requests: sum(all.map(({ requests }) => requests)),
      failed: sum(all.map(({ failed }) => failed)),
    }
  }

  /** The highest of Consul's indexes among the services read; 0 before the first. */
  get newestIndex(): number {
    return this.#reads?.newestIndex ?? 0
  }

  /** Services and watches that cannot be read while others can. */
  problems(): readonly Problem[] {
    if (this.#states.together().state === 'waiting') return []
    const reads = [...(this.#reads?.failing() ?? [])].map(([service, error]) => ({
      where: `service ${service}`,
      what: `it cannot be read from Consul, and stays as it was: ${error}`,
      hint: '',
    }))
    const watches = this.#states.list().filter(({ state }) => state === 'waiting')
    return [
      ...reads,
      ...watches.map(({ path, error }) => ({
        where: 'Consul',
        what: `${decodeURIComponent(path)} cannot be read, and what it said last stands: ${error}`,
        hint: '',
      })),
    ]
  }

  #reading(signal: AbortSignal): Reading {
    const { clock, filter, scope, entries } = this.#options
    const isWanted = (name: string, tags: readonly string[]): boolean =>
      !neverRead.has(name) && (scope === 'all' || chosenBy(filter, name, tags) !== undefined)
    const onAnswer = (service: string, answer: readonly HealthEntry[]): void => {
      const isAnyWanted = answer.some(({ Service }) => isWanted(service, Service.Tags ?? []))
      if (isAnyWanted || answer.length === 0) this.#options.onAnswer(service, answer)
      else this.#options.onUnwanted(service)
      this.#onTried(service)
    }
    const onFailure = (service: string): void => this.#onTried(service)
    const reads = new ServiceReads({ consul: this.#consul, clock, signal, onAnswer, onFailure })
    this.#reads = reads
    return {
      consul: this.#consul,
      leader: this.#leader,
      clock,
      reads,
      states: this.#states,
      isWanted,
      concerns: () => true,
      isEveryKind: false,
      onAnswer,
      onFailure,
      knownServices: () => [...entries.services()],
      knownOn: (node) => offersOf(entries, node),
      knownIll: () => illEntries(entries),
      followNodes: (listener) => {
        this.#nodeListeners.add(listener)
        if (this.#nodes !== undefined) listener(this.#nodes)
        return () => void this.#nodeListeners.delete(listener)
      },
      hasInstance: (service, node, serviceId) => {
        for (const entry of entries.ofService(service).values()) {
          if (entry.node === node && entry.serviceId === serviceId) return true
        }
        return false
      },
      expect: (services) => {
        this.#untried ??= new Set(services)
        this.#tried.put(true)
      },
    }
  }

  #onTried(service: string): void {
    this.#untried?.delete(service)
    if (this.#untried?.size === 0) this.#tried.put(true)
  }

  /** The services that are to be read, as soon as Consul answers; none when the signal aborts. */
  async #firstNames(reading: Reading, signal: AbortSignal): Promise<readonly string[]> {
    const path = '/v1/catalog/services'
    const end = new AbortController()
    const abort = (): void => end.abort()
    signal.addEventListener('abort', abort, { once: true })
    const names = watch<ServiceNames>(this.#consul, path, {
      query: { stale: true },
      clock: this.#options.clock,
      onState: (state) => this.#states.set(path, state),
      signal: end.signal,
    })
    try {
      for await (const { value } of names) return wantedNames(reading, value)
      return []
    } finally {
      signal.removeEventListener('abort', abort)
      end.abort()
      this.#states.remove(path)
    }
  }
}

function offersOf(entries: EntryIndex, node: string): ReadonlyMap<string, OfferedService> {
  const offers = new Map<string, OfferedService>()
  for (const entry of entries.all()) {
    if (entry.node !== node) continue
    const { serviceId, service: name, modifyIndex, endpoint } = entry
    offers.set(serviceId, { name, tags: endpoint?.tags ?? [], modifyIndex })
  }
  return offers
}

function* illEntries(entries: EntryIndex): Generator<Entry> {
  for (const entry of entries.all()) {
    const { health = 'passing', draining } = entry.endpoint ?? {}
    if (health !== 'passing' || draining !== undefined) yield entry
  }
}
