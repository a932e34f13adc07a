import type { Consul } from '../../consul/contract.ts'
import { Slots } from '../../consul/slots.ts'
import type { Clock } from '../../support/clock.ts'
import type { AnswerOf } from '../catalogue.ts'
import type { DependencySource, WatchEvent } from '../contract.ts'
import type { Dependency } from '../dependency.ts'
import { readDatacenters } from './datacenters.ts'
import { Events } from './events.ts'
import { fileReading } from './file-reading.ts'
import { freshConsul } from './fresh-consul.ts'
import { ownNode } from './own-node.ts'
import { poll, type Polling, type PollListener } from './poll.ts'
import { repeat } from './repeat.ts'
import type { RetryRule } from './retries.ts'
import { keyPath, servicePath, topicOf, type Topic } from './topic.ts'
import { Turns } from './turns.ts'
import { View } from './view.ts'

const defaultMostConnections = 48
/** For requests that are answered at once: a change must never wait for a long poll to end. */
const mostReads = 8

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
  /** Requests at a time, 48 by default, at least 16; Infinity: as many as there are. */
  readonly mostConnections?: number
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
 * requests at a time.
 *
 * A failure is told once for all dependencies with the same topic, with one of them.
 */
export class ConsulSource implements DependencySource {
  readonly #options: ConsulSourceOptions
  readonly #polling: Polling
  readonly #events = new Events()
  /** Topic by the name of the dependency. */
  readonly #topics = new Map<string, Topic>()
  readonly #views = new Map<string, View>()
  readonly #running = new Map<string, AbortController>()
  #isClosed = false

  constructor(options: ConsulSourceOptions) {
    const { mostConnections = defaultMostConnections } = options
    this.#options = options
    this.#polling = {
      consul: freshConsul(options.consul, options.mostStaleMs ?? 2000),
      clock: options.clock,
      blockQueryWaitMs: options.blockQueryWaitMs ?? 60_000,
      retry: options.retry ?? defaultRetry,
      reads: new Slots(mostReads),
      turns: new Turns(Math.max(mostConnections, 16) - mostReads),
    }
  }

  recall<D extends Dependency>({ name }: D): AnswerOf[D['kind']] | undefined {
    const topic = this.#topics.get(name)
    if (topic === undefined) return undefined
    return this.#views.get(topic.key)?.recall(name) as AnswerOf[D['kind']] | undefined
  }

  follow(dependencies: Iterable<Dependency>): void {
    if (this.#isClosed) return
    const wanted = new Set<string>()
    for (const dependency of dependencies) {
      wanted.add(dependency.name)
      if (!this.#topics.has(dependency.name)) this.#add(dependency)
    }
    if (wanted.size === this.#topics.size) return
    for (const [name, topic] of this.#topics) if (!wanted.has(name)) this.#remove(name, topic)
  }

  onEvent(listener: (event: WatchEvent) => void): void {
    this.#events.listen(listener)
  }

  close(): void {
    this.#isClosed = true
    this.#events.close()
    for (const running of this.#running.values()) running.abort()
    this.#running.clear()
  }

  #add(dependency: Dependency): void {
    const topic = topicOf(dependency)
    this.#topics.set(dependency.name, topic)
    const known = this.#views.get(topic.key)
    const view = known ?? new View(topic, dependency)
    if (view.add(dependency)) this.#events.changed([dependency])
    if (known !== undefined) return
    this.#views.set(topic.key, view)
    const running = new AbortController()
    this.#running.set(topic.key, running)
    void this.#run(view, running.signal)
  }

  #remove(name: string, { key }: Topic): void {
    this.#topics.delete(name)
    const view = this.#views.get(key)
    view?.remove(name)
    if (view?.isUnused !== true) return
    this.#views.delete(key)
    this.#running.get(key)?.abort()
    this.#running.delete(key)
  }

  #listener(view: View): PollListener {
    return {
      onAnswer: (value) => this.#events.changed(view.take(value)),
      onFailure: (error, failures, retryInMs) => {
        const [dependency] = view.dependencies
        if (dependency === undefined) return
        this.#events.failed({ dependency, error, failures, retryInMs })
      },
    }
  }

  async #run(view: View, signal: AbortSignal): Promise<void> {
    const { consul, clock, retry } = this.#polling
    const { files = 2000, datacenters = 15_000 } = this.#options.pollMs ?? {}
    const listener = this.#listener(view)
    const { way } = view.topic
    switch (way.kind) {
      case 'file':
        return repeat({ clock, retry, everyMs: files }, fileReading(way.path), listener, signal)
      case 'datacenters': {
        const read = async () => ({
          value: await readDatacenters(consul, way.isAnswering, signal),
        })
        return repeat({ clock, retry, everyMs: datacenters }, read, listener, signal)
      }
      case 'own node':
        return poll(this.#polling, () => ownNode(consul, way.query, signal), listener, signal)
      case 'service':
        return poll(
          this.#polling,
          () => ({ path: servicePath(way.service), query: {} }),
          listener,
          signal,
        )
      case 'key':
        return poll(this.#polling, () => ({ path: keyPath(way.key), query: {} }), listener, signal)
      case 'query':
        return poll(this.#polling, () => way, listener, signal)
    }
  }
}
