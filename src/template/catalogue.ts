/*
 * What dependencies give, as records with the field names that templates use. The order of fields
 * is that of the structs in consul-template, since %v and toJSON print them in it.
 */

/** A check of a node or of one service. */
export type HealthCheck = {
  readonly Node: string
  readonly CheckID: string
  readonly Name: string
  readonly Status: string
  readonly Notes: string
  readonly Output: string
  readonly ServiceID: string
  readonly ServiceName: string
  readonly ServiceTags: readonly string[]
  readonly Type: string
}

export type TaggedAddress = { readonly Address: string; readonly Port: number }

type Strings = ReadonlyMap<string, string>

/** One instance of a service with its health (`service`). */
export type HealthService = {
  readonly Node: string
  readonly NodeID: string
  readonly NodeAddress: string
  readonly NodeDatacenter: string
  readonly NodeTaggedAddresses: Strings
  readonly NodeMeta: Strings
  readonly ServiceMeta: Strings
  /** The service's address, else its node's. */
  readonly Address: string
  readonly ServiceTaggedAddresses: ReadonlyMap<string, TaggedAddress>
  readonly ID: string
  readonly Name: string
  /** Sorted bytewise. */
  readonly Tags: readonly string[]
  readonly Checks: readonly HealthCheck[]
  /** Aggregated: `passing`, `warning`, `critical` or `maintenance`. */
  readonly Status: string
  readonly Port: number
  readonly Weights: { readonly Passing: number; readonly Warning: number }
}

/** A name in the catalogue with all its tags (`services`). */
export type CatalogSnippet = { readonly Name: string; readonly Tags: readonly string[] }

/** `nodes`, and the node of `node`. */
export type CatalogNode = {
  readonly ID: string
  readonly Node: string
  readonly Address: string
  readonly Datacenter: string
  readonly TaggedAddresses: Strings
  readonly Meta: Strings
}

/** A service of a node. */
export type CatalogNodeService = {
  readonly ID: string
  readonly Service: string
  readonly Tags: readonly string[]
  readonly Meta: Strings
  readonly Port: number
  readonly Address: string
  readonly EnableTagOverride: boolean
}

/** `node`; an unknown node is one without `Node`. */
export type NodeWithServices = {
  readonly Node: CatalogNode | undefined
  /** Sorted by service, then id. */
  readonly Services: readonly CatalogNodeService[]
}

/** A pair of the key-value store. Bytes that are not UTF-8 are kept as go/byte-text.ts says. */
export type KeyPair = {
  readonly Path: string
  /** The path without the prefix that was asked for. */
  readonly Key: string
  readonly Value: string
  readonly CreateIndex: bigint
  readonly ModifyIndex: bigint
  readonly LockIndex: bigint
  readonly Flags: bigint
  readonly Session: string
}

/** What is known of a key: undefined where it is not there. */
export type KeyValue = { readonly text: string | undefined }

/** What each kind of dependency gives. The same object as long as nothing has changed. */
export type AnswerOf = {
  readonly 'health.service': readonly HealthService[]
  readonly 'health.connect': readonly HealthService[]
  readonly 'catalog.services': readonly CatalogSnippet[]
  readonly 'catalog.nodes': readonly CatalogNode[]
  readonly 'catalog.node': NodeWithServices
  readonly 'catalog.datacenters': readonly string[]
  readonly 'kv.block': string
  readonly 'kv.get': KeyValue
  readonly 'kv.list': readonly KeyPair[]
  readonly file: string
}
