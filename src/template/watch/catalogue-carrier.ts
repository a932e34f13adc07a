import { readByNode } from '../../consul-catalogue/reading-by-node.ts'
import type { Expectation, OfferedService } from '../../consul-catalogue/changed-services.ts'
import type { BoundedConsul } from '../../consul-catalogue/bounded-consul.ts'
import type { Reading } from '../../consul-catalogue/reading.ts'
import { ServiceReads } from '../../consul-catalogue/service-reads.ts'
import { ConsulError } from '../../consul/errors.ts'
import type { CatalogNode, HealthEntry } from '../../consul/types.ts'
import type { DependencyFailure } from '../contract.ts'
import type { Carrier, Outcome } from './carrier.ts'
import { Failures } from './failures.ts'
import { InstanceBook } from './instance-book.ts'
import { poll, type Polling, type PollListener } from './poll.ts'
import { Retries } from './retries.ts'
import type { View } from './view.ts'

/** What a watch or a read fails of once only, the next try mends; more often it is worth a word. */
const fewFailures = 3
const nodesPath = '/v1/catalog/nodes'
/** The longest pause of the watches, which is not told by them. */
const mostPauseMs = 5000

export type CatalogueOptions = {
  readonly polling: Polling
  readonly consul: BoundedConsul
  /** Nodes with a watch of their own. */
  readonly mostNodes: number
  readonly outcome: Outcome
}

/**
 * Reads many services together: a few watches tell which of them have changed, and these are read,
 * each by one request. What Consul says of its nodes is the sign of life: while that cannot be had,
 * only this is told as a failure, and when its attempts are used up everything ends.
 */
export class CatalogueCarrier implements Carrier {
  readonly #options: CatalogueOptions
  /** Views by the name of the service in lower case: Consul finds it so. */
  readonly #views = new Map<string, Map<string, View>>()
  readonly #book = new InstanceBook()
  readonly #ending = new AbortController()
  readonly #reads: ServiceReads
  readonly #retries = new Map<string, Retries>()
  readonly #failures: Failures
  readonly #nodeListeners = new Set<(nodes: readonly CatalogNode[]) => void>()
  #nodes: readonly CatalogNode[] | undefined
  /** When each node last changed, as an index of Consul's. */
  #nodeIndexes: ReadonlyMap<string, number> = new Map()
  #isAway = false

  constructor(options: CatalogueOptions) {
    this.#options = options
    const { signal } = this.#ending
    const { consul, polling, outcome } = options
    this.#failures = new Failures(outcome.failed)
    this.#reads = new ServiceReads({
      consul,
      clock: polling.clock,
      signal,
      onAnswer: (service, answer) => this.#onAnswer(service, answer),
      onFailure: (service, error) => this.#onFailure(subjectOf(service), service, error),
    })
  }

  /** Begins with the services that were added before. */
  start(): void {
    const { polling, mostNodes } = this.#options
    const { signal } = this.#ending
    void this.#followNodes()
    void readByNode(this.#reading(polling), [], { fewestServices: -1, mostNodes }, signal)
  }

  add(view: View): void {
    const service = nameOf(view)
    const name = service.toLowerCase()
    const views = this.#views.get(name) ?? new Map<string, View>()
    this.#views.set(name, views.set(view.topic.key, view))
    this.#reads.mark({ service, expectation: undefined })
  }

  remove(view: View): void {
    const name = nameOf(view).toLowerCase()
    const views = this.#views.get(name)
    views?.delete(view.topic.key)
    if (views === undefined || views.size > 0) return
    this.#views.delete(name)
    this.#book.forget(name)
    this.#onSuccess(subjectOf(name))
  }

  failing(): readonly DependencyFailure[] {
    return this.#failures.list()
  }

  close(): void {
    this.#ending.abort()
  }

  /** What was known of Consul's indexes says nothing any more. */
  forgetIndexes(): void {
    this.#reads.forgetIndexes()
  }

  #onAnswer(service: string, answer: readonly HealthEntry[]): void {
    const name = service.toLowerCase()
    this.#onSuccess(subjectOf(service))
    const views = this.#views.get(name)
    if (views === undefined) return
    this.#book.set(name, answer)
    this.#readBehind(name)
    for (const view of views.values()) this.#options.outcome.changed(view, view.take(answer))
  }

  /** `subject`: what is tried again and again. */
  #onFailure(subject: string, service: string | undefined, words: string): void {
    const retries = this.#retries.get(subject) ?? new Retries(this.#options.polling.retry)
    this.#retries.set(subject, retries)
    const { failures, retryInMs } = retries.failed()
    const isWorthTelling = !this.#isAway && failures >= fewFailures
    if (!isWorthTelling && retryInMs !== undefined) return
    const viewOf = () => (service === undefined ? this.#anyView() : this.#viewOf(service))
    const error = new ConsulError('consul_unreachable', words)
    const pauseMs = retryInMs === undefined ? undefined : Math.min(retryInMs, mostPauseMs)
    this.#failures.failed(subject, viewOf, { error, failures, retryInMs: pauseMs })
  }

  #onSuccess(subject: string): void {
    this.#retries.delete(subject)
    this.#failures.over(subject)
  }

  #services(): readonly string[] {
    return [...this.#views.values()].flatMap((views) => serviceOf(views))
  }

  #anyView(): View | undefined {
    for (const views of this.#views.values()) for (const view of views.values()) return view
    return undefined
  }

  #viewOf(service: string): View | undefined {
    for (const view of this.#views.get(service.toLowerCase())?.values() ?? []) return view
    return undefined
  }

  /** A node that went before it had a watch tells of nothing. */
  #readLost(nodes: ReadonlySet<string>): void {
    for (const service of this.#book.servicesBeside(nodes)) {
      this.#reads.mark({ service, expectation: undefined })
    }
  }

  /**
   * Reads what is older than the node it is on: a node's own watch tells neither of its meta nor of
   * its other addresses, and not of what was read while it changed.
   */
  #readBehind(service?: string): void {
    for (const { name, node, index } of this.#book.behind(this.#nodeIndexes, service)) {
      this.#reads.mark({ service: name, expectation: isOfNode(node, index) })
    }
  }

  #followNodes(): Promise<void> {
    const { polling } = this.#options
    const listener: PollListener = {
      onAnswer: (value) => {
        this.#nodes = value as readonly CatalogNode[]
        this.#nodeIndexes = new Map(
          this.#nodes.map(({ Node, ModifyIndex = 0 }) => [Node, ModifyIndex]),
        )
        for (const each of this.#nodeListeners) each(this.#nodes)
        this.#readLost(new Set(this.#nodeIndexes.keys()))
        this.#readBehind()
      },
      onFailure: (failed) => {
        this.#isAway = true
        this.#failures.failed(nodesPath, () => this.#anyView(), failed)
        if (failed.retryInMs === undefined) this.close()
      },
      onSuccess: () => {
        this.#isAway = false
        this.#failures.over(nodesPath)
      },
      onReset: () => {
        this.forgetIndexes()
        for (const service of this.#services())
          this.#reads.mark({ service, expectation: undefined })
      },
    }
    const asked = { path: nodesPath, query: {} }
    return poll(polling, () => asked, listener, this.#ending.signal)
  }

  #reading({ clock }: Polling): Reading {
    const { consul } = this.#options
    return {
      consul,
      clock,
      reads: this.#reads,
      states: {
        set: (path, { error }) => {
          if (error === '') this.#onSuccess(path)
          else this.#onFailure(path, undefined, error)
        },
        remove: (path) => this.#onSuccess(path),
      },
      // Which services are followed changes with each rendering: nodes are known with all of them.
      isWanted: () => true,
      isEveryKind: true,
      concerns: (service) => this.#views.has(service.toLowerCase()),
      onAnswer: (service, answer) => this.#onAnswer(service, answer),
      onFailure: () => undefined,
      knownServices: () => this.#services(),
      knownOn: (node): ReadonlyMap<string, OfferedService> => this.#book.onNode(node),
      knownIll: () => this.#book.ill(),
      hasInstance: (service, node, id) => this.#book.has(service.toLowerCase(), node, id),
      followNodes: (listener) => {
        this.#nodeListeners.add(listener)
        if (this.#nodes !== undefined) listener(this.#nodes)
        return () => void this.#nodeListeners.delete(listener)
      },
      expect: () => undefined,
    }
  }
}

/** Shown by an answer in which a node is no older than this. */
function isOfNode(node: string, index: number): Expectation {
  return {
    kind: 'answer',
    isShown: (answer) =>
      answer.every(({ Node }) => Node.Node !== node || (Node.ModifyIndex ?? index) >= index),
  }
}

function subjectOf(service: string): string {
  return `service ${service.toLowerCase()}`
}

function nameOf({ topic: { way } }: View): string {
  return way.kind === 'service' ? way.service : ''
}

function serviceOf(views: ReadonlyMap<string, View>): readonly string[] {
  const [view] = views.values()
  return view === undefined ? [] : [nameOf(view)]
}
