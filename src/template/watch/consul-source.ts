import { BoundedConsul } from '../../consul-catalogue/bounded-consul.ts'
import type { Consul } from '../../consul/contract.ts'
import { FairleadError } from '../../model/errors.ts'
import type { Clock } from '../../support/clock.ts'
import type { AnswerOf } from '../catalogue.ts'
import type { DependencyFailure, WatchedSource, WatchEvent } from '../contract.ts'
import type { Dependency } from '../dependency.ts'
import { budgetOf, type Budget } from './budget.ts'
import type { Outcome } from './carrier.ts'
import { Carriers } from './carriers.ts'
import { Events } from './events.ts'
import { freshConsul } from './fresh-consul.ts'
import type { RetryRule } from './retries.ts'
import { snapshotText } from './snapshot.ts'
import { topicOf, type Topic } from './topic.ts'
import { Turns } from './turns.ts'
import { View } from './view.ts'

const defaultMostConnections = 48

export type ConsulSourceOptions = {
  /** Closed by whoever opened it. */
  readonly consul: Consul
  readonly clock: Clock
  /** How long a blocking query blocks; 60 s by default. */
  readonly blockQueryWaitMs?: number
  /** An answer that is older is asked for again at the leader; 2 s by default; 0: at once there. */
  readonly mostStaleMs?: number
  /** 12 attempts from 250 ms up to a minute by default. */
  readonly retry?: RetryRule
  /** A key that a template cannot do without and that is not there is a failure; default false. */
  readonly isErrorOnFailedLookup?: boolean
  /** Requests at a time, 48 by default, at least 24; Infinity: each service has its own. */
  readonly mostConnections?: number
  /** How often what cannot be waited for is looked at; 2 s and 15 s by default. */
  readonly pollMs?: { readonly files?: number; readonly datacenters?: number }
}

const defaultRetry: RetryRule = {
  isEnabled: true,
  attempts: 12,
  backoffMs: 250,
  mostBackoffMs: 60_000,
}

/**
 * Keeps what templates depend on up to date, from Consul and the disk. However many dependencies
 * there are on a service, it is asked for once; all together never have more than `mostConnections`
 * requests at a time. Of many services only a few watches say which have changed; many keys are
 * read by their folders.
 *
 * A failure is told once for all that is asked for together, with one of the dependencies.
 */
export class ConsulSource implements WatchedSource {
  readonly #isErrorOnFailedLookup: boolean
  readonly #events = new Events()
  /** Topic by the name of the dependency. */
  readonly #topics = new Map<string, Topic>()
  readonly #views = new Map<string, View>()
  readonly #carriers: Carriers
  #isClosed = false

  constructor(options: ConsulSourceOptions) {
    const { consul, clock, mostConnections = defaultMostConnections, pollMs = {} } = options
    this.#isErrorOnFailedLookup = options.isErrorOnFailedLookup ?? false
    const budget: Budget = budgetOf(mostConnections)
    const bounded = new BoundedConsul(
      freshConsul(consul, options.mostStaleMs ?? 2000),
      () => this.#carriers.forgetIndexes(),
      { mostReads: budget.reads, mostRequests: budget.all },
    )
    this.#carriers = new Carriers({
      polling: {
        consul: bounded,
        clock,
        blockQueryWaitMs: options.blockQueryWaitMs ?? 60_000,
        retry: options.retry ?? defaultRetry,
        turns: new Turns(budget.longPolls),
      },
      consul: bounded,
      budget,
      everyMs: { files: pollMs.files ?? 2000, datacenters: pollMs.datacenters ?? 15_000 },
      outcome: this.#outcome(),
    })
  }

  recall<D extends Dependency>({ name }: D): AnswerOf[D['kind']] | undefined {
    const topic = this.#topics.get(name)
    if (topic === undefined) return undefined
    return this.#views.get(topic.key)?.recall(name) as AnswerOf[D['kind']] | undefined
  }

  follow(dependencies: Iterable<Dependency>): void {
    if (this.#isClosed) return
    const before = this.#views.size
    const wanted = new Set<string>()
    let hasNew = false
    for (const dependency of dependencies) {
      wanted.add(dependency.name)
      if (!this.#topics.has(dependency.name)) hasNew = this.#add(dependency) || hasNew
    }
    const afterNew = this.#views.size
    if (wanted.size < this.#topics.size) {
      for (const [name, topic] of this.#topics) if (!wanted.has(name)) this.#remove(name, topic)
    }
    const hasLost = this.#views.size < afterNew
    if (hasNew || hasLost || before !== this.#views.size) this.#carriers.carry(this.#views)
  }

  onEvent(listener: (event: WatchEvent) => void): void {
    this.#events.listen(listener)
  }

  failing(): readonly DependencyFailure[] {
    return this.#carriers.failing()
  }

  /** The newest answers of all that is followed, for `openSnapshot`. */
  saveSnapshot(): string {
    const answers = [...this.#views.values()].flatMap((view) => [...view.answers()])
    return snapshotText(answers)
  }

  close(): void {
    this.#isClosed = true
    this.#events.close()
    this.#carriers.close()
  }

  /** Whether there is a new topic. */
  #add(dependency: Dependency): boolean {
    const topic = topicOf(dependency)
    this.#topics.set(dependency.name, topic)
    const known = this.#views.get(topic.key)
    const view = known ?? new View(topic, dependency)
    if (view.add(dependency)) this.#events.changed([dependency])
    else if (view.hasContent) this.#tellFailedLookups([dependency])
    this.#views.set(topic.key, view)
    return known === undefined
  }

  #remove(name: string, { key }: Topic): void {
    this.#topics.delete(name)
    const view = this.#views.get(key)
    view?.remove(name)
    if (view?.isUnused === true) this.#views.delete(key)
  }

  #outcome(): Outcome {
    return {
      changed: (view, dependencies) => {
        this.#events.changed(dependencies)
        this.#tellFailedLookups(view.dependencies)
      },
      failed: (failure) => this.#events.failed(failure),
    }
  }

  /** Of what has to be there and is not. */
  #tellFailedLookups(dependencies: Iterable<Dependency>): void {
    if (!this.#isErrorOnFailedLookup) return
    for (const dependency of dependencies) {
      if (dependency.kind !== 'kv.block' || this.recall(dependency) !== undefined) continue
      const error = new FairleadError('usage', `${dependency.name}: there is no such key`)
      this.#events.failed({ dependency, error, failures: 1, retryInMs: undefined })
    }
  }
}
