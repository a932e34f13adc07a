import { readFileSync, statSync } from 'node:fs'
import type { AnswerOf, HealthService } from '../catalogue.ts'
import type { Knowledge } from '../contract.ts'
import type {
  Dependency,
  HealthDependency,
  KeyDependency,
  KeysDependency,
  NodeDependency,
  NodesDependency,
} from '../dependency.ts'
import { compareBytes, textOfBytes } from '../go/byte-text.ts'
import { defaultLimits } from '../go/limits.ts'
import type { HealthAnswer, NodeAnswer, PairAnswer } from '../records/answers.ts'
import { nodeRecords, nodeServicesRecord, snippetRecords } from '../records/catalog-records.ts'
import { healthRecord, selectHealth } from '../records/health-records.ts'
import { pairRecords, pairText } from '../records/pair-records.ts'
import type { Catalogue } from './catalogue-schema.ts'

type Answer = AnswerOf[Dependency['kind']] | undefined

/** A catalogue prepared for questions. */
type Prepared = {
  readonly catalogue: Catalogue
  /** By the name in lower case, since Consul finds names whatever their case. */
  readonly services: ReadonlyMap<string, readonly HealthAnswer[]>
  readonly connect: ReadonlyMap<string, readonly HealthAnswer[]>
  readonly nodes: readonly NodeAnswer[]
  /** In the order of their keys. */
  readonly pairs: readonly PairAnswer[]
  /** The same record each time. */
  readonly recordOf: (entry: HealthAnswer) => HealthService
}

/**
 * What a catalogue in memory answers, always with the same objects. Questions about a datacenter
 * that is not listed, or about a namespace, a partition or a peer, have no answer.
 */
export function knowledgeOf(catalogue: Catalogue): Knowledge {
  const prepared = prepare(catalogue)
  const answers = new Map<string, Answer>()
  return {
    recall<D extends Dependency>(dependency: D) {
      const { name } = dependency
      if (!answers.has(name)) answers.set(name, answer(prepared, dependency))
      return answers.get(name) as AnswerOf[D['kind']] | undefined
    },
  }
}

function prepare(catalogue: Catalogue): Prepared {
  const byName = (health: Catalogue['services']) =>
    new Map(Object.entries(health).map(([name, entries]) => [name.toLowerCase(), entries]))
  const entries = [...Object.values(catalogue.services), ...Object.values(catalogue.connect)].flat()
  const nodes = [...entries.map(({ Node }) => Node), ...catalogue.nodes]
  const { kv } = catalogue
  const pairs = Array.isArray(kv)
    ? kv
    : Object.entries(kv).map(([Key, text]) => ({
        Key,
        Value: Buffer.from(text).toString('base64'),
      }))
  const known = new WeakMap<HealthAnswer, HealthService>()
  return {
    catalogue,
    services: byName(catalogue.services),
    connect: byName(catalogue.connect),
    // A node's own entry, the last one, says more than that of its services.
    nodes: [...new Map(nodes.map((node) => [node.Node, node])).values()],
    pairs: pairs.toSorted((a, b) => compareBytes(a.Key, b.Key)),
    recordOf: (entry) => {
      const record = known.get(entry) ?? healthRecord(entry)
      known.set(entry, record)
      return record
    },
  }
}

function answer(prepared: Prepared, dependency: Dependency): Answer {
  if (dependency.kind === 'file') return fileText(dependency.path)
  const { catalogue } = prepared
  if (dependency.kind === 'catalog.datacenters') return catalogue.datacenters.toSorted(compareBytes)
  const { datacenter, scope } = dependency
  const isElsewhere = datacenter !== '' && !catalogue.datacenters.includes(datacenter)
  if (isElsewhere || Object.keys(scope).length > 0) return undefined
  switch (dependency.kind) {
    case 'health.service':
    case 'health.connect':
      return health(prepared, dependency)
    case 'catalog.services':
      return snippets(prepared)
    case 'catalog.nodes':
      return nodes(prepared, dependency)
    case 'catalog.node':
      return nodeWithServices(prepared, dependency)
    case 'kv.list':
      return pairsUnder(prepared, dependency)
    case 'kv.block':
    case 'kv.get':
      break
  }
  return keyAnswer(prepared, dependency)
}

/** A file's content; undefined as long as it cannot be read. */
function fileText(path: string): string | undefined {
  try {
    const found = statSync(path)
    // A pipe or device may be read without end.
    const isReadable = found.isFile() && found.size <= defaultLimits.textBytes
    return isReadable ? textOfBytes(readFileSync(path)) : undefined
  } catch {
    // What is missing is told by the rendering, by its name.
    return undefined
  }
}

function isIn(datacenter: string, node: NodeAnswer): boolean {
  return datacenter === '' || (node.Datacenter || datacenter) === datacenter
}

function health(prepared: Prepared, dependency: HealthDependency): readonly HealthService[] {
  const { kind, service, tag, datacenter } = dependency
  const named = kind === 'health.service' ? prepared.services : prepared.connect
  const wanted = tag.toLowerCase()
  const entries = (named.get(service.toLowerCase()) ?? []).filter(
    ({ Node, Service }) =>
      isIn(datacenter, Node) &&
      (tag === '' || (Service.Tags ?? []).some((each) => each.toLowerCase() === wanted)),
  )
  return selectHealth(entries.map(prepared.recordOf), dependency)
}

function snippets({ catalogue }: Prepared): AnswerOf['catalog.services'] {
  const tags: Record<string, readonly string[]> = {}
  for (const { Service } of Object.values(catalogue.services).flat()) {
    tags[Service.Service] = [
      ...new Set([...(tags[Service.Service] ?? []), ...(Service.Tags ?? [])]),
    ]
  }
  return snippetRecords(tags)
}

function nodes({ nodes }: Prepared, { datacenter, near }: NodesDependency) {
  return nodeRecords(
    nodes.filter((node) => isIn(datacenter, node)),
    near,
  )
}

function nodeWithServices(prepared: Prepared, { node, datacenter }: NodeDependency): Answer {
  const { catalogue } = prepared
  const name = (node === '' ? catalogue.agent : node).toLowerCase()
  if (name === '') return undefined
  const isThis = (each: NodeAnswer) => each.Node.toLowerCase() === name && isIn(datacenter, each)
  const found = prepared.nodes.find(isThis)
  if (found === undefined) return nodeServicesRecord(null)
  const services = Object.values(catalogue.services)
    .flat()
    .filter(({ Node }) => isThis(Node))
    .map(({ Service }) => [Service.ID, Service] as const)
  return nodeServicesRecord({ Node: found, Services: Object.fromEntries(services) })
}

function pairsUnder({ pairs }: Prepared, { prefix }: KeysDependency): AnswerOf['kv.list'] {
  return pairRecords(
    pairs.filter(({ Key }) => Key.startsWith(prefix)),
    prefix,
  )
}

function keyAnswer({ pairs }: Prepared, { kind, key }: KeyDependency): Answer {
  const pair = pairs.find(({ Key }) => Key === key)
  if (pair === undefined) return kind === 'kv.get' ? { text: undefined } : undefined
  return kind === 'kv.get' ? { text: pairText(pair) } : pairText(pair)
}
