import type {
  CatalogNode,
  CatalogNodeService,
  CatalogSnippet,
  HealthCheck,
  HealthService,
  KeyPair,
  NodeWithServices,
  TaggedAddress,
} from '../catalogue.ts'
import { goFunction } from '../go/functions.ts'
import { boolType } from '../go/types.ts'
import { aggregatedStatus } from '../records/health-records.ts'
import {
  embedded,
  listOf,
  mapOfStructs,
  optional,
  structure,
  text,
  textMap,
  texts,
  unsigned,
  whole,
} from './structures.ts'
import type { Field } from './structures.ts'

/*
 * The structs that consul-template's functions give. Their names stand in error messages, and
 * their order is that in which %v and toJSON print them.
 */

const serviceTags = texts('dependency.ServiceTags')

const flag: Field<boolean> = { type: boolType, toGo: (value) => value }

const check = structure<HealthCheck>('api.HealthCheck', {
  Node: text,
  CheckID: text,
  Name: text,
  Status: text,
  Notes: text,
  Output: text,
  ServiceID: text,
  ServiceName: text,
  ServiceTags: texts(),
  Type: text,
})

const checks = listOf(check, {
  name: 'api.HealthChecks',
  methods: (records) =>
    new Map([['AggregatedStatus', goFunction([], () => aggregatedStatus(records))]]),
})

const address = structure<TaggedAddress>('api.ServiceAddress', { Address: text, Port: whole })

const weights = structure<HealthService['Weights']>('api.AgentWeights', {
  Passing: whole,
  Warning: whole,
})

export const healthService = structure<HealthService>('dependency.HealthService', {
  Node: text,
  NodeID: text,
  NodeAddress: text,
  NodeDatacenter: text,
  NodeTaggedAddresses: textMap,
  NodeMeta: textMap,
  ServiceMeta: textMap,
  Address: text,
  ServiceTaggedAddresses: mapOfStructs(address),
  ID: text,
  Name: text,
  Tags: serviceTags,
  Checks: checks,
  Status: text,
  Port: whole,
  Weights: embedded(weights),
})

export const catalogSnippet = structure<CatalogSnippet>('dependency.CatalogSnippet', {
  Name: text,
  Tags: serviceTags,
})

export const catalogNode = structure<CatalogNode>('dependency.Node', {
  ID: text,
  Node: text,
  Address: text,
  Datacenter: text,
  TaggedAddresses: textMap,
  Meta: textMap,
})

const nodeService = structure<CatalogNodeService>('dependency.CatalogNodeService', {
  ID: text,
  Service: text,
  Tags: serviceTags,
  Meta: textMap,
  Port: whole,
  Address: text,
  EnableTagOverride: flag,
})

export const nodeWithServices = structure<NodeWithServices>('dependency.CatalogNode', {
  Node: optional(catalogNode),
  Services: listOf(nodeService),
})

export const keyPair = structure<KeyPair>('dependency.KeyPair', {
  Path: text,
  Key: text,
  Value: text,
  CreateIndex: unsigned,
  ModifyIndex: unsigned,
  LockIndex: unsigned,
  Flags: unsigned,
  Session: text,
})

export const healthServices = listOf(healthService)
export const catalogSnippets = listOf(catalogSnippet)
export const catalogNodes = listOf(catalogNode)
export const keyPairs = listOf(keyPair)
