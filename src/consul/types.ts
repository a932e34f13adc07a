/**
 * Consul's words for what its HTTP API takes and gives. Only the fields that are read or written
 * here; every field that Consul may leave out or send as null is optional.
 * Source: https://developer.hashicorp.com/consul/api-docs
 */

/** A check as it is registered with a service (`Check`, `Checks`). Durations as Go writes them. */
export type CheckDefinition = {
  readonly CheckID?: string
  readonly Name?: string
  readonly HTTP?: string
  readonly Method?: string
  readonly Header?: Readonly<Record<string, readonly string[]>>
  readonly Body?: string
  readonly TCP?: string
  readonly GRPC?: string
  readonly GRPCUseTLS?: boolean
  /** Also `Args`; this is the name that all versions since 1.0 take. */
  readonly ScriptArgs?: readonly string[]
  readonly DockerContainerID?: string
  readonly Shell?: string
  readonly TTL?: string
  readonly Interval?: string
  readonly Timeout?: string
  readonly TLSSkipVerify?: boolean
  readonly Status?: string
  readonly Notes?: string
  readonly DeregisterCriticalServiceAfter?: string
}

/** Body of `PUT /v1/agent/service/register`. */
export type ServiceDefinition = {
  readonly ID?: string
  readonly Name: string
  readonly Tags?: readonly string[]
  readonly Port?: number
  readonly Address?: string
  readonly Meta?: Readonly<Record<string, string>>
  readonly EnableTagOverride?: boolean
  readonly Weights?: { readonly Passing: number; readonly Warning: number }
  readonly Check?: CheckDefinition | null
  readonly Checks?: readonly CheckDefinition[] | null
}

/** A service as `GET /v1/agent/services` gives it, by id. */
export type AgentService = {
  readonly ID: string
  readonly Service: string
  readonly Tags?: readonly string[] | null
  readonly Meta?: Readonly<Record<string, string>> | null
  readonly Port?: number
  readonly Address?: string
  readonly EnableTagOverride?: boolean
  readonly Weights?: { readonly Passing: number; readonly Warning: number }
}

/** A check's state, in catalogue and health answers. */
export type HealthCheck = {
  readonly Node: string
  readonly CheckID: string
  readonly Name?: string
  /** `passing`, `warning` or `critical`. */
  readonly Status: string
  readonly Notes?: string
  readonly Output?: string
  /** Empty for a check of the whole node. */
  readonly ServiceID?: string
  readonly ServiceName?: string
  readonly ServiceTags?: readonly string[] | null
  readonly ModifyIndex?: number
}

export type CatalogNode = {
  readonly ID?: string
  readonly Node: string
  readonly Address: string
  readonly Datacenter?: string
  readonly Meta?: Readonly<Record<string, string>> | null
  readonly ModifyIndex?: number
}

/** A service of a node, in `GET /v1/catalog/node/:node` and `GET /v1/health/service/:service`. */
export type NodeService = AgentService & {
  /** Empty for a service; `connect-proxy` and the like for parts of Consul's mesh. */
  readonly Kind?: string
  readonly CreateIndex?: number
  readonly ModifyIndex?: number
}

/** `GET /v1/catalog/node/:node`; null for an unknown node. */
export type NodeServices = {
  readonly Node: CatalogNode
  readonly Services: Readonly<Record<string, NodeService>>
}

/** One entry of `GET /v1/health/service/:service`. */
export type HealthEntry = {
  readonly Node: CatalogNode
  readonly Service: NodeService
  readonly Checks: readonly HealthCheck[]
}

/** Check ids of maintenance: of the whole node, and of one service (followed by its id). */
export const nodeMaintenanceCheck = '_node_maintenance'
export const serviceMaintenanceCheckPrefix = '_service_maintenance:'
