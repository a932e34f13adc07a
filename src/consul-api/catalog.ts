import type { CatalogCheck, Instance } from './instance.ts'
import type { Indexes } from './indexes.ts'
import type { Topic } from './waits.ts'

/** An instance with the numbers of its changes. */
export type CatalogEntry = {
  readonly instance: Instance
  readonly createIndex: number
  /** Of the service's own fields; checks have theirs. */
  readonly modifyIndex: number
  readonly checks: ReadonlyMap<string, IndexedCheck>
}

export type IndexedCheck = {
  readonly check: CatalogCheck
  readonly createIndex: number
  readonly modifyIndex: number
}

export type CatalogNode = {
  readonly name: string
  readonly address: string
  readonly index: number
  readonly entries: Map<string, CatalogEntry>
  /** Checks of the node itself, by id. */
  readonly checks: ReadonlyMap<string, IndexedCheck>
}

/** What blocked readers of the catalogue wait on. */
export const topics = {
  nodes: 'nodes',
  services: 'services',
  service: (name: string): Topic => `service ${name}`,
  servicesOn: (node: string): Topic => `services on ${node}`,
  checksOf: (service: string): Topic => `checks of ${service}`,
  checksOn: (node: string): Topic => `checks on ${node}`,
  /** A status, or `any`. */
  checksIn: (status: string): Topic => `checks ${status}`,
}

/**
 * Consul's catalogue: nodes, the services on them and their checks, each with the index of its last
 * change. What is put in as it was changes nothing and takes no index.
 */
export class Catalog {
  readonly nodes = new Map<string, CatalogNode>()
  /** Entries of a service by node and id, in the order of those. */
  readonly #services = new Map<string, Map<string, CatalogEntry>>()
  readonly #serviceIndexes = new Map<string, number>()
  #lastExtinction = 0
  /** Index of the last change of each of Consul's tables. */
  readonly tables: { nodes: number; services: number; checks: number }
  readonly #indexes: Indexes
  readonly #onTouched: (topics: Iterable<Topic>) => void
  readonly #addressOf: (node: string) => string

  constructor(options: {
    readonly indexes: Indexes
    readonly addressOf: (node: string) => string
    readonly onTouched: (topics: Iterable<Topic>) => void
  }) {
    this.#indexes = options.indexes
    this.#addressOf = options.addressOf
    this.#onTouched = options.onTouched
    const start = options.indexes.current
    this.tables = { nodes: start, services: start, checks: start }
  }

  serviceNames(): readonly string[] {
    return [...this.#services.keys()].toSorted()
  }

  /** Sorted by node and id. */
  entriesOf(service: string): readonly CatalogEntry[] {
    const entries = [...(this.#services.get(service)?.values() ?? [])]
    return entries.sort(
      ({ instance: a }, { instance: b }) => compare(a.node, b.node) || compare(a.id, b.id),
    )
  }

  /**
   * The index of a service. One that is not there has the index of the last that ended, so that who
   * waits for it sees it come; before any ended, that of the tables.
   */
  indexOf(service: string, areChecksRead: boolean): number {
    const { nodes, services, checks } = this.tables
    const index = this.#serviceIndexes.get(service)
    if (index !== undefined) return index
    if (this.#lastExtinction > 0) return this.#lastExtinction
    return Math.max(nodes, services, areChecksRead ? checks : 0)
  }

  get(node: string, id: string): CatalogEntry | undefined {
    return this.nodes.get(node)?.entries.get(id)
  }

  put(instance: Instance): void {
    const before = this.get(instance.node, instance.id)
    if (before !== undefined && before.instance.service !== instance.service) {
      this.remove(instance.node, instance.id)
      return this.put(instance)
    }
    const isChanged = before === undefined || !isSameService(before.instance, instance)
    const checks = compareChecks(before?.checks ?? new Map(), instance.checks)
    if (!isChanged && checks.statuses.size === 0) return
    const index = this.#indexes.next()
    const touched = new Set<Topic>([topics.service(instance.service)])
    const node = this.#node(instance.node, index, touched)
    const entry: CatalogEntry = {
      instance,
      createIndex: before?.createIndex ?? index,
      modifyIndex: isChanged ? index : before.modifyIndex,
      checks: checks.now(index),
    }
    node.entries.set(instance.id, entry)
    this.#serviceEntries(instance.service).set(keyOf(instance.node, instance.id), entry)
    this.#serviceIndexes.set(instance.service, index)
    if (isChanged) this.#touchServices(index, instance, touched)
    this.#touchChecks(index, instance, checks.statuses, touched)
    this.#onTouched(touched)
  }

  remove(nodeName: string, id: string): void {
    const node = this.nodes.get(nodeName)
    const entry = node?.entries.get(id)
    if (node === undefined || entry === undefined) return
    const { instance } = entry
    const index = this.#indexes.next()
    node.entries.delete(id)
    const entries = this.#serviceEntries(instance.service)
    entries.delete(keyOf(nodeName, id))
    if (entries.size > 0) this.#serviceIndexes.set(instance.service, index)
    else {
      this.#services.delete(instance.service)
      this.#serviceIndexes.delete(instance.service)
      this.#lastExtinction = index
    }
    const touched = new Set<Topic>([topics.service(instance.service)])
    this.#touchServices(index, instance, touched)
    const statuses = new Set([...entry.checks.values()].map(({ check }) => check.status))
    this.#touchChecks(index, instance, statuses, touched)
    this.#onTouched(touched)
  }

  /** A node without services is there as well. */
  putNode(name: string): void {
    if (this.nodes.has(name)) return
    const touched = new Set<Topic>()
    this.#node(name, this.#indexes.next(), touched)
    this.#onTouched(touched)
  }

  #node(name: string, index: number, touched: Set<Topic>): CatalogNode {
    const known = this.nodes.get(name)
    if (known !== undefined) return known
    const node: CatalogNode = {
      name,
      address: this.#addressOf(name),
      index,
      entries: new Map(),
      checks: compareChecks(new Map(), [aliveCheck]).now(index),
    }
    this.nodes.set(name, node)
    this.tables.nodes = index
    this.tables.checks = index
    touched.add(topics.nodes).add(topics.servicesOn(name)).add(topics.checksOn(name))
    touched.add(topics.checksIn('any')).add(topics.checksIn('passing'))
    return node
  }

  #serviceEntries(service: string): Map<string, CatalogEntry> {
    let entries = this.#services.get(service)
    if (entries === undefined) this.#services.set(service, (entries = new Map()))
    return entries
  }

  #touchServices(index: number, { node }: Instance, touched: Set<Topic>): void {
    this.tables.services = index
    touched.add(topics.services).add(topics.servicesOn(node))
  }

  #touchChecks(
    index: number,
    { node, service }: Instance,
    statuses: ReadonlySet<string>,
    touched: Set<Topic>,
  ): void {
    if (statuses.size === 0) return
    this.tables.checks = index
    touched.add(topics.checksOf(service)).add(topics.checksOn(node)).add(topics.checksIn('any'))
    for (const status of statuses) touched.add(topics.checksIn(status))
  }
}

/** Every node has it, as Consul's own do: clients take a node without it for one that is gone. */
export const aliveCheck: CatalogCheck = {
  id: 'serfHealth',
  name: 'Serf Health Status',
  status: 'passing',
  notes: '',
  output: 'Agent alive and reachable',
  type: '',
}

function keyOf(node: string, id: string): string {
  return `${node}\0${id}`
}

export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function isSameService(a: Instance, b: Instance): boolean {
  const content = (instance: Instance): string => JSON.stringify({ ...instance, checks: [] })
  return a === b || content(a) === content(b)
}

/** Which statuses came, went or have a check that changed; and the checks with their new indexes. */
function compareChecks(
  before: ReadonlyMap<string, IndexedCheck>,
  after: readonly CatalogCheck[],
): {
  readonly statuses: ReadonlySet<string>
  readonly now: (index: number) => ReadonlyMap<string, IndexedCheck>
} {
  const statuses = new Set<string>()
  const isSame = (check: CatalogCheck): boolean => {
    const known = before.get(check.id)?.check
    return known !== undefined && JSON.stringify(known) === JSON.stringify(check)
  }
  const ids = new Set(after.map(({ id }) => id))
  for (const { check } of before.values()) if (!ids.has(check.id)) statuses.add(check.status)
  for (const check of after) {
    if (isSame(check)) continue
    statuses.add(check.status)
    const known = before.get(check.id)
    if (known !== undefined) statuses.add(known.check.status)
  }
  const indexed = (check: CatalogCheck, index: number): IndexedCheck => {
    const known = before.get(check.id)
    if (known !== undefined && isSame(check)) return known
    return { check, createIndex: known?.createIndex ?? index, modifyIndex: index }
  }
  const sorted = after.toSorted((a, b) => compare(a.id, b.id))
  return {
    statuses,
    now: (index) => new Map(sorted.map((check) => [check.id, indexed(check, index)])),
  }
}
