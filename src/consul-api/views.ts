import { compare, topics, type Catalog, type CatalogEntry, type CatalogNode } from './catalog.ts'
import type { CatalogCheck, LocalService } from './instance.ts'
import type { Topic } from './waits.ts'
import { wireCheck, wireNode, wireService, wireServiceNode } from './wire.ts'

/** Something that can be asked for and waited for. */
export type View = {
  /** Equal for equal questions: those who ask the same share one answer. */
  readonly key: string
  /** What a change of the answer touches. */
  readonly topics: readonly Topic[]
  /** `X-Consul-Index` of the answer as it is now. */
  readonly index: () => number
  /** The answer, ready for JSON. */
  readonly value: () => unknown
}

/** `GET /v1/catalog/services`: names with all their tags. */
export function servicesView(catalog: Catalog): View {
  return {
    key: 'services',
    topics: [topics.services],
    index: () => catalog.tables.services,
    value: () =>
      Object.fromEntries(
        catalog.serviceNames().map((name) => {
          const tags = catalog.entriesOf(name).flatMap(({ instance }) => instance.tags)
          return [name, [...new Set(tags)]]
        }),
      ),
  }
}

/** `GET /v1/catalog/service/:service`, of instances that have all the tags. */
export function serviceView(catalog: Catalog, service: string, tags: readonly string[]): View {
  return {
    key: `service ${JSON.stringify([service, tags])}`,
    topics: [topics.service(service)],
    index: () => catalog.indexOf(service, false),
    value: () =>
      tagged(catalog.entriesOf(service), tags).map((entry) =>
        wireServiceNode(nodeOf(catalog, entry), entry),
      ),
  }
}

/** `GET /v1/catalog/nodes`. */
export function nodesView(catalog: Catalog): View {
  return {
    key: 'nodes',
    topics: [topics.nodes],
    index: () => catalog.tables.nodes,
    value: () => sortedNodes(catalog).map(wireNode),
  }
}

/** `GET /v1/catalog/node/:node`; null for one that is not there. */
export function nodeView(catalog: Catalog, name: string): View {
  return {
    key: `node ${name}`,
    topics: [topics.servicesOn(name)],
    index: () =>
      catalog.nodes.has(name) ? Math.max(catalog.tables.nodes, catalog.tables.services) : 1,
    value: () => {
      const node = catalog.nodes.get(name)
      if (node === undefined) return null
      const services = sortedEntries(node).map((entry) => [entry.instance.id, wireService(entry)])
      return { Node: wireNode(node), Services: Object.fromEntries(services) }
    },
  }
}

/** `GET /v1/health/service/:service`: instances with the checks of both their node and themselves. */
export function healthServiceView(
  catalog: Catalog,
  service: string,
  tags: readonly string[],
  isPassingOnly: boolean,
): View {
  return {
    key: `health ${JSON.stringify([service, tags, isPassingOnly])}`,
    topics: [topics.service(service)],
    index: () => catalog.indexOf(service, true),
    value: () =>
      tagged(catalog.entriesOf(service), tags).flatMap((entry) => {
        const node = nodeOf(catalog, entry)
        const checks = [...node.checks.values(), ...entry.checks.values()]
        if (isPassingOnly && checks.some(({ check }) => check.status !== 'passing')) return []
        const wired = [...node.checks.values()].map((check) =>
          wireCheck(node.name, check, undefined),
        )
        return [
          {
            Node: wireNode(node),
            Service: wireService(entry),
            Checks: [...wired, ...entryChecks(entry).map(({ wire }) => wire)],
          },
        ]
      }),
  }
}

/** `GET /v1/health/checks/:service`. */
export function healthChecksView(catalog: Catalog, service: string): View {
  return {
    key: `checks of ${service}`,
    topics: [topics.checksOf(service)],
    index: () => catalog.tables.checks,
    value: () => catalog.entriesOf(service).flatMap(entryChecks).toSorted(byId).map(toWire),
  }
}

/** `GET /v1/health/node/:node`. */
export function healthNodeView(catalog: Catalog, name: string): View {
  return {
    key: `checks on ${name}`,
    topics: [topics.checksOn(name)],
    index: () => catalog.tables.checks,
    value: () => {
      const node = catalog.nodes.get(name)
      return node === undefined ? [] : nodeChecks(node).map(toWire)
    },
  }
}

/** `GET /v1/health/state/:state`; `any` is every state. */
export function healthStateView(catalog: Catalog, state: string): View {
  return {
    key: `checks in ${state}`,
    topics: [topics.checksIn(state)],
    index: () => catalog.tables.checks,
    value: () =>
      sortedNodes(catalog)
        .flatMap(nodeChecks)
        .filter(({ check }) => state === 'any' || check.status === state)
        .map(toWire),
  }
}

type WiredCheck = { readonly check: CatalogCheck; readonly wire: object }

const toWire = ({ wire }: WiredCheck): object => wire
const byId = (a: WiredCheck, b: WiredCheck): number => compare(a.check.id, b.check.id)

function entryChecks({ instance, checks }: CatalogEntry): readonly WiredCheck[] {
  const service: Pick<LocalService, 'id' | 'service' | 'tags'> = instance
  return [...checks.values()].map((check) => ({
    check: check.check,
    wire: wireCheck(instance.node, check, service),
  }))
}

/** All checks on a node, by id. */
function nodeChecks(node: CatalogNode): readonly WiredCheck[] {
  const own = [...node.checks.values()].map((check) => ({
    check: check.check,
    wire: wireCheck(node.name, check, undefined),
  }))
  return [...own, ...[...node.entries.values()].flatMap(entryChecks)].toSorted(byId)
}

function sortedNodes(catalog: Catalog): readonly CatalogNode[] {
  return [...catalog.nodes.values()].toSorted((a, b) => compare(a.name, b.name))
}

function sortedEntries(node: CatalogNode): readonly CatalogEntry[] {
  return [...node.entries.values()].toSorted((a, b) => compare(a.instance.id, b.instance.id))
}

/** The node of an entry is always there: the catalogue makes it with the entry. */
function nodeOf(catalog: Catalog, { instance }: CatalogEntry): CatalogNode {
  return catalog.nodes.get(instance.node) as CatalogNode
}

/** Consul compares tags without regard to case. */
function tagged(
  entries: readonly CatalogEntry[],
  tags: readonly string[],
): readonly CatalogEntry[] {
  const wanted = tags.filter((tag) => tag !== '').map((tag) => tag.toLowerCase())
  if (wanted.length === 0) return entries
  return entries.filter(({ instance }) => {
    const has = new Set(instance.tags.map((tag) => tag.toLowerCase()))
    return wanted.every((tag) => has.has(tag))
  })
}
