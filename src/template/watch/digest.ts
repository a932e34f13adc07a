import type { AnswerOf, CatalogNode, CatalogSnippet, HealthService, KeyPair } from '../catalogue.ts'
import type { Dependency, HealthDependency } from '../dependency.ts'
import type {
  HealthAnswer,
  NodeAnswer,
  NodeServicesAnswer,
  PairAnswer,
} from '../records/answers.ts'
import { nodeRecords, nodeServicesRecord, snippetRecords } from '../records/catalog-records.ts'
import { healthRecord, selectHealth } from '../records/health-records.ts'
import { pairRecords, pairText } from '../records/pair-records.ts'
import { kept, keptList, keptRecords } from './shared.ts'

export type AnyAnswer = AnswerOf[Dependency['kind']]

/**
 * What the answers about one topic say. Records that stay the same stay the same objects from one
 * answer to the next.
 */
export type Digest = {
  /** Takes a newer answer. */
  take(value: unknown): void
  /** What a dependency gets of it; undefined: it has to wait. The same object while nothing changes. */
  answer(dependency: Dependency, before: AnyAnswer | undefined): AnyAnswer | undefined
}

/** For dependencies of this kind; those that share a topic have the same digest. */
export function digestFor(dependency: Dependency): Digest {
  switch (dependency.kind) {
    case 'health.service':
    case 'health.connect':
      return healthDigest()
    case 'kv.block':
    case 'kv.get':
      return keyDigest()
    case 'kv.list': {
      const { prefix } = dependency
      return listDigest<KeyPair>(
        (answer) => pairRecords(answer as readonly PairAnswer[], prefix),
        ({ Path }) => Path,
      )
    }
    case 'catalog.services':
      return snippetDigest()
    case 'catalog.nodes': {
      const { near } = dependency
      return listDigest<CatalogNode>(
        (answer) => nodeRecords(answer as readonly NodeAnswer[], near),
        ({ Node }) => Node,
      )
    }
    case 'catalog.node':
      return wholeDigest((value) => nodeServicesRecord((value ?? null) as NodeServicesAnswer))
    case 'catalog.datacenters':
    case 'file':
      break
  }
  return wholeDigest((value) => value as readonly string[] | string)
}

/** Tags are compared as Consul's `?tag=` does: whatever their case. */
function hasTag({ Tags }: HealthService, tag: string): boolean {
  return tag === '' || Tags.some((each) => each.toLowerCase() === tag)
}

function healthDigest(): Digest {
  let records: readonly HealthService[] = []
  return {
    take(value) {
      const answer = (value ?? []) as readonly HealthAnswer[]
      const keyOf = ({ Node, ID }: HealthService) => `${Node}\n${ID}`
      records = keptRecords(records, answer.map(healthRecord), keyOf)
    },
    answer(dependency, before) {
      const health = dependency as HealthDependency
      const tag = health.tag.toLowerCase()
      const tagged = records.filter((record) => hasTag(record, tag))
      return keptList(before as readonly HealthService[] | undefined, selectHealth(tagged, health))
    },
  }
}

function keyDigest(): Digest {
  let text: string | undefined
  return {
    take(value) {
      const [pair] = (value ?? []) as readonly PairAnswer[]
      text = pair === undefined ? undefined : pairText(pair)
    },
    answer({ kind }, before) {
      // The old value stands when the key is deleted.
      if (kind === 'kv.block') return text ?? before
      return kept(before, { text })
    },
  }
}

function listDigest<Item extends KeyPair | CatalogNode>(
  recordsOf: (answer: readonly unknown[]) => readonly Item[],
  keyOf: (record: Item) => string,
): Digest {
  let records: readonly Item[] = []
  return {
    take(value) {
      records = keptRecords(records, recordsOf((value ?? []) as readonly unknown[]), keyOf)
    },
    answer: () => records as readonly KeyPair[] | readonly CatalogNode[],
  }
}

function snippetDigest(): Digest {
  let records: readonly CatalogSnippet[] = []
  return {
    take(value) {
      const answer = (value ?? {}) as Readonly<Record<string, readonly string[] | null>>
      records = keptRecords(records, snippetRecords(answer), ({ Name }) => Name)
    },
    answer: () => records,
  }
}

function wholeDigest(read: (value: unknown) => AnyAnswer): Digest {
  let content: AnyAnswer | undefined
  return {
    take(value) {
      content = kept(content, read(value))
    },
    answer: () => content,
  }
}
