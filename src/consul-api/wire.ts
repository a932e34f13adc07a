import { createHash } from 'node:crypto'
import type { CatalogEntry, CatalogNode, IndexedCheck } from './catalog.ts'
import type { CheckStatus, LocalCheck, LocalService, TaggedAddresses } from './instance.ts'

/** The one datacenter there is. */
export const datacenter = 'dc1'

/** A node's id: always the same for the same name. */
export function nodeId(name: string): string {
  const hex = createHash('sha256').update(name).digest('hex')
  return [
    hex.slice(0, 8),
    ...[8, 12, 16].map((at) => hex.slice(at, at + 4)),
    hex.slice(20, 32),
  ].join('-')
}

/** A node as Consul's catalogue gives it. */
export function wireNode({ name, address, index }: CatalogNode): object {
  return {
    ID: nodeId(name),
    Node: name,
    Address: address,
    Datacenter: datacenter,
    TaggedAddresses: nodeAddresses(address),
    Meta: {},
    CreateIndex: index,
    ModifyIndex: index,
  }
}

function nodeAddresses(address: string): object {
  const kind = address.includes(':') ? 'ipv6' : 'ipv4'
  return { lan: address, [`lan_${kind}`]: address, wan: address, [`wan_${kind}`]: address }
}

/** A service of a node, as in `/v1/catalog/node/:node` and `/v1/health/service/:service`. */
export function wireService({ instance, createIndex, modifyIndex }: CatalogEntry): object {
  return {
    ID: instance.id,
    Service: instance.service,
    Tags: instance.tags,
    Address: instance.address,
    ...withTagged('TaggedAddresses', instance.taggedAddresses),
    Meta: Object.keys(instance.meta).length === 0 ? null : instance.meta,
    Port: instance.port,
    Weights: instance.weights,
    EnableTagOverride: instance.enableTagOverride,
    Proxy: { MeshGateway: {}, Expose: {} },
    Connect: {},
    CreateIndex: createIndex,
    ModifyIndex: modifyIndex,
  }
}

/** One of `/v1/catalog/service/:service`. */
export function wireServiceNode(node: CatalogNode, entry: CatalogEntry): object {
  const { instance, createIndex, modifyIndex } = entry
  return {
    ID: nodeId(node.name),
    Node: node.name,
    Address: node.address,
    Datacenter: datacenter,
    TaggedAddresses: nodeAddresses(node.address),
    NodeMeta: {},
    ServiceKind: '',
    ServiceID: instance.id,
    ServiceName: instance.service,
    ServiceTags: instance.tags,
    ServiceAddress: instance.address,
    ...withTagged('ServiceTaggedAddresses', instance.taggedAddresses),
    ServiceWeights: instance.weights,
    ServiceMeta: instance.meta,
    ServicePort: instance.port,
    ServiceEnableTagOverride: instance.enableTagOverride,
    ServiceProxy: { MeshGateway: {}, Expose: {} },
    ServiceConnect: {},
    CreateIndex: createIndex,
    ModifyIndex: modifyIndex,
  }
}

/** A check in catalogue and health answers; without an entry it is the node's own. */
export function wireCheck(
  node: string,
  { check, createIndex, modifyIndex }: IndexedCheck,
  service: Pick<LocalService, 'id' | 'service' | 'tags'> | undefined,
): object {
  return {
    Node: node,
    CheckID: check.id,
    Name: check.name,
    Status: check.status,
    Notes: check.notes,
    Output: check.output,
    ServiceID: service?.id ?? '',
    ServiceName: service?.service ?? '',
    ServiceTags: service?.tags ?? [],
    Type: check.type,
    Definition: {},
    CreateIndex: createIndex,
    ModifyIndex: modifyIndex,
  }
}

/** A service as `/v1/agent/services` gives it. */
export function wireLocalService(service: LocalService): object {
  return {
    ID: service.id,
    Service: service.service,
    Tags: service.tags,
    Meta: service.meta,
    Port: service.port,
    Address: service.address,
    ...withTagged('TaggedAddresses', service.taggedAddresses),
    Weights: service.weights,
    EnableTagOverride: service.enableTagOverride,
  }
}

/** A check as `/v1/agent/checks` gives it: as it is now, before the catalogue knows. */
export function wireLocalCheck(
  node: string,
  check: Pick<LocalCheck, 'id' | 'name' | 'notes'>,
  state: { readonly status: CheckStatus; readonly output: string; readonly type: string },
  service: LocalService | undefined,
): object {
  const { id, name, notes } = check
  return wireCheck(
    node,
    { check: { id, name, notes, ...state }, createIndex: 0, modifyIndex: 0 },
    service,
  )
}

function withTagged(field: string, addresses: TaggedAddresses | undefined): object {
  return addresses === undefined ? {} : { [field]: addresses }
}
