import { pathPart } from '../consul/clean-path.ts'
import type { Answer } from '../consul/contract.ts'
import type { CatalogNode, HealthCheck, NodeServices } from '../consul/types.ts'
import { FairleadError } from '../model/errors.ts'
import { eachLimited } from '../support/each-limited.ts'
import {
  changedByChecks,
  changedOnNode,
  illChecks,
  nodeOffer,
  type IllChecks,
  type Mark,
  type NodeOffer,
} from './changed-services.ts'
import { follow, type Reading, type ServiceNames } from './reading.ts'

/** Nodes with a watch of their own; with the writes to the agent that makes 64 connections. */
const defaultMostNodes = 51
/** The other nodes are read in turn, at most so many at a time. */
const mostSweeps = 8
const unsweptPauseMs = 1000
/** A watch that brought nothing of use so often in a row pauses, longer and longer. */
const idlePauseMs = 20
const mostIdlePauseMs = 500
const checkedEveryMs = 30_000

/**
 * Reads a large catalogue: every service once, and then those that changed. Nothing in Consul tells
 * of the changes of thousands of services but a watch each, so a few watches serve as detectors: on
 * what each node offers, and on all checks that are not passing. They say which services have
 * changed; these are read, and only what these reads say counts. One change costs the detectors that
 * it wakes and one read.
 *
 * Of more than `mostNodes` (51 by default) the others are read, all of them, whenever the list of
 * services wakes; that takes the place of one.
 *
 * `names` are the services that there are. Resolves when the catalogue has stayed at
 * `fewestServices` or fewer, or the signal aborts.
 */
export async function readByNode(
  reading: Reading,
  names: readonly string[],
  { fewestServices, mostNodes = defaultMostNodes }: NodeReadingLimits,
  signal: AbortSignal,
): Promise<void> {
  const { reads } = reading
  const services = new Set([...names, ...reading.knownServices()])
  reading.expect([...services])
  for (const service of services) reads.mark({ service, expectation: undefined })
  // The detectors come after: what they say first is compared with what was read.
  await reads.tried(services)
  const end = new AbortController()
  const abort = (): void => end.abort()
  signal.addEventListener('abort', abort, { once: true })
  if (signal.aborted) end.abort()
  try {
    await new NodeReading(reading, mostNodes, end).run(fewestServices)
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

export type NodeReadingLimits = {
  /** -1: there are never so few. */
  readonly fewestServices: number
  readonly mostNodes?: number
}

type NodeWatch = { readonly end: AbortController; readonly done: Promise<void> }

/** The detectors of one run of reading by node. */
class NodeReading {
  readonly #reading: Reading
  readonly #mostNodes: number
  readonly #end: AbortController
  readonly #offers = new Map<string, NodeOffer>()
  readonly #watches = new Map<string, NodeWatch>()
  #swept: readonly string[] = []
  #sweeping: NodeWatch | undefined
  /** Nodes that have come since the last sweep began, or whose last read failed. */
  readonly #unswept = new Set<string>()
  /** Undefined: not known yet. */
  #ill: IllChecks | undefined
  readonly #indexes = new Map<string, number>()

  constructor(reading: Reading, mostNodes: number, end: AbortController) {
    this.#reading = reading
    this.#mostNodes = mostNodes
    this.#end = end
  }

  async run(fewestServices: number): Promise<void> {
    const { signal } = this.#end
    if (signal.aborted) return
    const stopNodes = this.#reading.followNodes((nodes) => this.#onNodes(nodes))
    await Promise.all([
      this.#follow<readonly HealthCheck[]>(
        '/v1/health/state/any',
        signal,
        (answer) => this.#onChecks(illChecks(answer.value)),
        { filter: 'Status != "passing"' },
      ),
      this.#untilFew(fewestServices),
    ])
    stopNodes()
    for (const { end } of this.#watches.values()) end.abort()
    this.#sweeping?.end.abort()
    await Promise.all([...this.#watches.values()].map(({ done }) => done))
    await this.#sweeping?.done
  }

  /** Services that are not wanted are no part of what a node offers. */
  #offerOf(answer: NodeServices | null): NodeOffer {
    const known = new Set(this.#reading.knownServices())
    const offer = nodeOffer(answer, this.#reading.isEveryKind)
    const wanted = [...offer.services].filter(
      ([, { name, tags }]) => known.has(name) || this.#reading.isWanted(name, tags),
    )
    return { ...offer, services: new Map(wanted) }
  }

  #names(): ReadonlySet<string> {
    const offers = [...this.#offers.values()]
    return new Set(offers.flatMap(({ services }) => [...services.values()].map(({ name }) => name)))
  }

  /** `onAnswer` says whether the answer was of use. */
  #follow<T>(
    path: string,
    signal: AbortSignal,
    onAnswer: (answer: Answer<T>) => boolean,
    query: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    let idle = 0
    return follow<T>(this.#reading, {
      path,
      query,
      signal,
      onAnswer: async (answer) => {
        this.#noteIndex(path, answer.index)
        idle = onAnswer(answer) ? 0 : idle + 1
        const pauseMs = Math.min(idle * idlePauseMs, mostIdlePauseMs)
        if (idle > 1) await this.#reading.clock.sleep(pauseMs, signal)
      },
    })
  }

  /** An index that went back is another Consul's, or of one that lost its state. */
  #noteIndex(path: string, index: number): void {
    if (index < (this.#indexes.get(path) ?? 0)) this.#reading.reads.forgetIndexes()
    this.#indexes.set(path, index)
  }

  #onNodes(nodes: readonly CatalogNode[]): void {
    const names = nodes.map(({ Node }) => Node).sort()
    const most = names.length > this.#mostNodes ? this.#mostNodes - 1 : this.#mostNodes
    const watched = new Set(names.slice(0, most))
    for (const [name, { end }] of this.#watches) {
      if (watched.has(name)) continue
      end.abort()
      this.#watches.delete(name)
    }
    for (const name of this.#offers.keys()) {
      if (!names.includes(name)) this.#onOffer(name, noOffer)
    }
    for (const name of watched) if (!this.#watches.has(name)) this.#watchNode(name)
    const before = new Set(this.#swept)
    this.#swept = names.slice(most)
    // The list of services may have told of what a node offers before the list of nodes told of it.
    const isSweeping = this.#sweeping !== undefined
    const added = isSweeping ? this.#swept.filter((name) => !before.has(name)) : []
    for (const name of added) this.#unswept.add(name)
    this.#sweepAsNeeded()
  }

  #watchNode(node: string): void {
    const path = nodePath(node)
    const end = new AbortController()
    const done = this.#follow<NodeServices | null>(path, end.signal, (answer) =>
      this.#onOffer(node, this.#offerOf(answer.value)),
    )
    this.#watches.set(node, { end, done })
  }

  /** What a node offers now; whether that is a change. */
  #onOffer(node: string, after: NodeOffer): boolean {
    const before = this.#offers.get(node)
    if (after === noOffer) this.#offers.delete(node)
    else this.#offers.set(node, after)
    const known = before ?? { address: after.address, services: this.#reading.knownOn(node) }
    const marks = changedOnNode(node, known, after)
    this.#mark(marks)
    return marks.length > 0
  }

  #onChecks(after: IllChecks): boolean {
    const before = this.#ill
    this.#ill = after
    if (before === undefined) this.#markRecovered(after)
    const known = new Set(this.#reading.knownServices())
    const marks = changedByChecks(
      before ?? new Map(),
      after,
      (node) => this.#servicesOf(node),
      (service, tags) => known.has(service) || this.#reading.isWanted(service, tags),
    )
    this.#mark(marks)
    return marks.length > 0
  }

  /** What was ill or drained when it was read, and is not among the ill, has got well since. */
  #markRecovered(ill: IllChecks): void {
    const places = new Set([...ill.values()].map(({ Node, ServiceID }) => placeOf(Node, ServiceID)))
    for (const { service, node, serviceId } of this.#reading.knownIll()) {
      if (places.has(placeOf(node, '')) || places.has(placeOf(node, serviceId))) continue
      this.#reading.reads.mark({ service, expectation: undefined })
    }
  }

  #mark(marks: readonly Mark[]): void {
    const { reads, hasInstance, concerns } = this.#reading
    for (const mark of marks) {
      const { service, instance } = mark
      if (!concerns(service)) continue
      const isMoot =
        instance !== undefined &&
        !reads.isPending(service) &&
        !hasInstance(service, instance.node, instance.serviceId)
      if (!isMoot) reads.mark(mark)
    }
  }

  #servicesOf(node: string): Iterable<string> {
    const services = this.#offers.get(node)?.services ?? this.#reading.knownOn(node)
    return new Set([...services.values()].map(({ name }) => name))
  }

  #sweepAsNeeded(): void {
    if (this.#swept.length === 0) {
      this.#sweeping?.end.abort()
      this.#sweeping = undefined
      return
    }
    if (this.#sweeping !== undefined) return
    const end = new AbortController()
    const done = follow<ServiceNames>(this.#reading, {
      path: '/v1/catalog/services',
      signal: end.signal,
      onAnswer: async () => {
        const startedAtMs = this.#reading.clock.now()
        await eachLimited(this.#swept, mostSweeps, (node) => this.#sweep(node, end.signal))
        // Half of the time at most, however many nodes there are and however often they change.
        const tookMs = this.#reading.clock.now() - startedAtMs
        await this.#reading.clock.sleep(tookMs, end.signal)
      },
    })
    const all = Promise.all([done, this.#sweepFailed(end.signal)]).then(() => {})
    this.#sweeping = { end, done: all }
  }

  async #sweep(node: string, signal: AbortSignal): Promise<void> {
    try {
      const options = { query: { stale: true }, signal } as const
      const { value } = await this.#reading.consul.get<NodeServices | null>(nodePath(node), options)
      this.#unswept.delete(node)
      this.#onOffer(node, this.#offerOf(value))
    } catch (error) {
      if (signal.aborted) return
      if (!(error instanceof FairleadError)) throw error
      this.#unswept.add(node)
    }
  }

  /** Nodes that were not read are read every second, beside what else happens. */
  async #sweepFailed(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#reading.clock.sleep(unsweptPauseMs, signal)
      const nodes = [...this.#unswept].filter((node) => this.#swept.includes(node))
      await eachLimited(nodes, mostSweeps, (node) => this.#sweep(node, signal))
    }
  }

  /** Ends the run when the catalogue has been small twice in a row. */
  async #untilFew(fewest: number): Promise<void> {
    const { clock } = this.#reading
    for (let small = 0; small < 2;) {
      await clock.sleep(checkedEveryMs, this.#end.signal)
      if (this.#end.signal.aborted) return
      small = this.#names().size <= fewest ? small + 1 : 0
    }
    this.#end.abort()
  }
}

const noOffer: NodeOffer = { address: '', services: new Map() }

function placeOf(node: string, serviceId = ''): string {
  return JSON.stringify([node, serviceId])
}

function nodePath(node: string): string {
  return `/v1/catalog/node/${pathPart(node)}`
}
