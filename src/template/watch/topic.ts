import { servicePath } from '../../consul-catalogue/service-reads.ts'
import { pathPart } from '../../consul/clean-path.ts'
import type { Dependency, QueryScope } from '../dependency.ts'

/** Parameters of a request; `true` has no value. */
export type Query = Readonly<Record<string, string | true>>

/**
 * A blocking query about a node does not end when the node goes: an unknown node has an index below
 * that of any other. So long it may go unnoticed.
 */
export const mostNodeWaitMs = 10_000

/** How a topic is asked for. */
export type Way =
  /** A blocking query. */
  | {
      readonly kind: 'query'
      readonly path: string
      readonly query: Query
      readonly mostWaitMs?: number
    }
  /** A service in the agent's datacenter, which may be read together with others. */
  | { readonly kind: 'service'; readonly service: string }
  /** A key in the agent's datacenter, which may be read together with others. */
  | { readonly kind: 'key'; readonly key: string }
  /** The node of the agent that is asked. */
  | { readonly kind: 'own node'; readonly query: Query }
  | { readonly kind: 'datacenters'; readonly isAnswering: boolean }
  | { readonly kind: 'file'; readonly path: string }

/** One thing to ask; its answer serves all dependencies with the same topic. */
export type Topic = { readonly key: string; readonly way: Way }

/**
 * The topic of a dependency. Tags and filters are no part of it: one answer about a service serves
 * them all.
 */
export function topicOf(dependency: Dependency): Topic {
  const way = wayOf(dependency)
  return { key: JSON.stringify(way), way }
}

/** Slashes are part of a key's path; a trailing one too. */
export function keyPath(key: string): string {
  return `/v1/kv/${key.split('/').map(pathPart).join('/')}`
}

function wayOf(dependency: Dependency): Way {
  if (dependency.kind === 'file') return { kind: 'file', path: dependency.path }
  if (dependency.kind === 'catalog.datacenters') {
    return { kind: 'datacenters', isAnswering: dependency.isAnswering }
  }
  const place = placeOf(dependency)
  const isHere = Object.keys(place).length === 0
  const ask = (path: string, query: Query = {}): Way => {
    return { kind: 'query', path, query: { ...query, ...place } }
  }
  const near = 'near' in dependency && dependency.near !== '' ? { near: dependency.near } : {}
  switch (dependency.kind) {
    case 'health.service': {
      const { service } = dependency
      if (isHere && dependency.near === '') return { kind: 'service', service }
      return ask(servicePath(service), near)
    }
    case 'health.connect':
      return ask(`/v1/health/connect/${pathPart(dependency.service)}`, near)
    case 'catalog.services':
      return ask('/v1/catalog/services')
    case 'catalog.nodes':
      return ask('/v1/catalog/nodes', near)
    case 'catalog.node': {
      const { node } = dependency
      if (node === '') return { kind: 'own node', query: place }
      const path = `/v1/catalog/node/${pathPart(node)}`
      return { kind: 'query', path, query: place, mostWaitMs: mostNodeWaitMs }
    }
    case 'kv.block':
    case 'kv.get': {
      const { key } = dependency
      return isHere ? { kind: 'key', key } : ask(keyPath(key))
    }
    case 'kv.list':
      break
  }
  return ask(keyPath(dependency.prefix), { recurse: true })
}

function placeOf({
  datacenter,
  scope,
}: {
  readonly datacenter: string
  readonly scope: QueryScope
}): Query {
  const { namespace, partition, peer, samenessGroup } = scope
  const given = {
    dc: datacenter,
    ns: namespace,
    partition,
    peer,
    'sameness-group': samenessGroup,
  }
  const pairs = Object.entries(given).flatMap(([name, value]) =>
    value === undefined || value === '' ? [] : [[name, value] as const],
  )
  return Object.fromEntries(pairs)
}
