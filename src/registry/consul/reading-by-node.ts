import type { Answer } from '../../consul/contract.ts'
import type { CatalogNode, HealthCheck, NodeServices } from '../../consul/types.ts'
import { FairleadError } from '../../model/errors.ts'
import { eachLimited } from '../../support/each-limited.ts'
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

/** Nodes with a watch of their own; what they leave of the connections is for reading. */
const mostNodes = 44
/** The other nodes are read in turn, at most so many at a time. */
const mostSweeps = 8
/** How long the full read waits for the first word of every node. */
const firstWordMs = 5000
/** A watch that brought nothing of use so often in a row pauses, longer and longer. */
const idlePauseMs = 20
const mostIdlePauseMs = 500
const checkedEveryMs = 30_000

/**
 * Reads a large catalogue. Nothing in Consul tells of the changes of thousands of services but a
 * watch each, so a few watches serve as detectors: on what each node offers, and on all checks that
 * are not passing. They say which services have changed; these are read, and only what these reads
 * say counts. One change costs the detectors that it wakes and one read.
 *
 * Of more than 44 nodes the others are read, all of them, whenever the list of services wakes.
 *
 * Resolves when the catalogue has stayed at `fewestServices` or fewer, or the signal aborts.
 */
export async function readByNode(
  reading: Reading,
  fewestServices: number,
  signal: AbortSignal,
): Promise<void> {
  const end = new AbortController()
  const abort = (): void => end.abort()
  signal.addEventListener('abort', abort, { once: true })
  if (signal.aborted) end.abort()
  try {
    await new NodeReading(reading, end).run(fewestServices)
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

type NodeWatch = { readonly end: AbortController; readonly done: Promise<void> }

/** One run of reading by node. */
class NodeReading {
  readonly #reading: Reading
  readonly #end: AbortController
  readonly #offers = new Map<string, NodeOffer>()
  readonly #watches = new Map<string, NodeWatch>()
  #swept: readonly string[] = []
  #sweeping: NodeWatch | undefined
  #ill: IllChecks = new Map()
  /** Detectors that have not spoken yet, by path; undefined: the full read has begun. */
  #silent: Set<string> | undefined = new Set()
  #onAllSpoke: () => void = () => {}
  readonly #indexes = new Map<string, number>()

  constructor(reading: Reading, end: AbortController) {
    this.#reading = reading
    this.#end = end
  }

  async run(fewestServices: number): Promise<void> {
    const { signal } = this.#end
    const allSpoke = new Promise<void>((resolve) => {
      this.#onAllSpoke = resolve
    })
    const nodesPath = '/v1/catalog/nodes'
    const checksPath = '/v1/health/state/any'
    for (const path of [nodesPath, checksPath]) this.#silent?.add(path)
    const running = [
      this.#follow<readonly CatalogNode[]>(nodesPath, signal, (answer) =>
        this.#onNodes(answer.value),
      ),
      this.#follow<readonly HealthCheck[]>(
        checksPath,
        signal,
        (answer) => this.#onChecks(illChecks(answer.value)),
        { filter: 'Status != "passing"' },
      ),
      this.#untilFew(fewestServices),
    ]
    await Promise.race([allSpoke, this.#reading.clock.sleep(firstWordMs, signal)])
    this.#silent = undefined
    if (!signal.aborted) this.#readAll()
    await Promise.all(running)
    for (const { end } of this.#watches.values()) end.abort()
    this.#sweeping?.end.abort()
    await Promise.all([...this.#watches.values()].map(({ done }) => done))
    await this.#sweeping?.done
  }

  /** Detectors have spoken first, so that no change falls between what they and this read saw. */
  #readAll(): void {
    const services = new Set([...this.#names(), ...this.#reading.knownServices()])
    this.#reading.expect([...services])
    for (const service of services) {
      this.#reading.reads.mark({ service, expectation: undefined })
    }
  }

  /** Services that are not wanted are no part of what a node offers. */
  #offerOf(answer: NodeServices | null): NodeOffer {
    const known = new Set(this.#reading.knownServices())
    const offer = nodeOffer(answer)
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
        this.#spoke(path)
        const pauseMs = Math.min(idle * idlePauseMs, mostIdlePauseMs)
        if (idle > 1) await this.#reading.clock.sleep(pauseMs, signal)
      },
      onFailure: () => this.#spoke(path),
    })
  }

  /** An index that went back is another Consul's, or of one that lost its state. */
  #noteIndex(path: string, index: number): void {
    if (index < (this.#indexes.get(path) ?? 0)) this.#reading.reads.forgetIndexes()
    this.#indexes.set(path, index)
  }

  #spoke(path: string): void {
    if (this.#silent?.delete(path) === true && this.#silent.size === 0) this.#onAllSpoke()
  }

  #onNodes(nodes: readonly CatalogNode[]): boolean {
    const names = nodes.map(({ Node }) => Node).sort()
    const watched = new Set(names.slice(0, mostNodes))
    for (const [name, { end }] of this.#watches) {
      if (watched.has(name)) continue
      end.abort()
      this.#watches.delete(name)
    }
    for (const name of this.#offers.keys()) {
      if (!names.includes(name)) this.#onOffer(name, noOffer)
    }
    for (const name of watched) if (!this.#watches.has(name)) this.#watchNode(name)
    this.#swept = names.slice(mostNodes)
    this.#sweepAsNeeded()
    // A change of an address is told by the node's own watch.
    return true
  }

  #watchNode(node: string): void {
    const path = nodePath(node)
    const end = new AbortController()
    this.#silent?.add(path)
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
    // Until the full read begins there is nothing that a change could be one of.
    if (this.#silent !== undefined) return true
    const known = before ?? { address: after.address, services: this.#reading.knownOn(node) }
    const marks = changedOnNode(node, known, after)
    this.#mark(marks)
    return marks.length > 0
  }

  #onChecks(after: IllChecks): boolean {
    const before = this.#ill
    this.#ill = after
    if (this.#silent !== undefined) return true
    const known = new Set(this.#reading.knownServices())
    const marks = changedByChecks(
      before,
      after,
      (node) => this.#servicesOf(node),
      (service, tags) => known.has(service) || this.#reading.isWanted(service, tags),
    )
    this.#mark(marks)
    return marks.length > 0
  }

  #mark(marks: readonly Mark[]): void {
    const { reads, hasInstance } = this.#reading
    for (const mark of marks) {
      const { service, instance } = mark
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
    const path = '/v1/catalog/services'
    this.#silent?.add(path)
    const done = follow<ServiceNames>(this.#reading, {
      path,
      signal: end.signal,
      onAnswer: async () => {
        const startedAtMs = this.#reading.clock.now()
        await eachLimited(this.#swept, mostSweeps, (node) => this.#sweep(node, end.signal))
        this.#spoke(path)
        // Half of the time at most, however many nodes there are and however often they change.
        const tookMs = this.#reading.clock.now() - startedAtMs
        await this.#reading.clock.sleep(tookMs, end.signal)
      },
      onFailure: () => this.#spoke(path),
    })
    this.#sweeping = { end, done }
  }

  async #sweep(node: string, signal: AbortSignal): Promise<void> {
    try {
      const options = { query: { stale: true }, signal } as const
      const { value } = await this.#reading.consul.get<NodeServices | null>(nodePath(node), options)
      this.#onOffer(node, this.#offerOf(value))
    } catch (error) {
      // The next change or the next wait's end reads it again.
      if (!(error instanceof FairleadError) && !signal.aborted) throw error
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

function nodePath(node: string): string {
  return `/v1/catalog/node/${encodeURIComponent(node)}`
}
