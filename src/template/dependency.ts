/*
 * What templates ask Consul, or the disk, for. Each dependency has a canonical name, which stands
 * in log lines and tells dependencies apart: two with the same name are the same one.
 */

/** A word of a query's filter; Consul's words for health. */
export type HealthFilter = 'any' | 'passing' | 'warning' | 'critical' | 'maintenance'

/** Parts of a query's `?a=b&c=d`; only some editions of Consul know what they name. */
export type QueryScope = {
  readonly namespace?: string
  readonly partition?: string
  readonly peer?: string
  readonly samenessGroup?: string
}

/** Empty strings: not given. */
type InDatacenter = { readonly datacenter: string; readonly scope: QueryScope }

export type HealthDependency = InDatacenter & {
  readonly kind: 'health.service' | 'health.connect'
  readonly service: string
  readonly tag: string
  readonly near: string
  /** Sorted; at least one. */
  readonly filters: readonly HealthFilter[]
}

export type ServicesDependency = InDatacenter & { readonly kind: 'catalog.services' }

export type NodesDependency = InDatacenter & {
  readonly kind: 'catalog.nodes'
  readonly near: string
}

export type NodeDependency = InDatacenter & {
  readonly kind: 'catalog.node'
  /** Empty: the agent's own. */
  readonly node: string
}

export type DatacentersDependency = {
  readonly kind: 'catalog.datacenters'
  /** Only those that answer. */
  readonly isAnswering: boolean
}

/** `block`: the key must be there; `get`: it may be missing. */
export type KeyDependency = InDatacenter & {
  readonly kind: 'kv.block' | 'kv.get'
  readonly key: string
}

export type KeysDependency = InDatacenter & {
  readonly kind: 'kv.list'
  readonly prefix: string
}

export type FileDependency = { readonly kind: 'file'; readonly path: string }

export type Dependency = {
  /** Canonical: `health.service(web|passing)`. */ readonly name: string
} & (
  | HealthDependency
  | ServicesDependency
  | NodesDependency
  | NodeDependency
  | DatacentersDependency
  | KeyDependency
  | KeysDependency
  | FileDependency
)
