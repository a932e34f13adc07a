import type { ServiceDefinition } from '../consul/types.ts'

/** A service to register; what Consul leaves to chance is always given here. */
export type Registration = ServiceDefinition & { readonly ID: string }

/** A service as the registry has it now; tags, meta and the rest are missing where it keeps none. */
export type Registered = {
  readonly id: string
  readonly name: string
  readonly address: string
  readonly port: number
  readonly tags: readonly string[]
  readonly meta: Readonly<Record<string, string>>
  readonly enableTagOverride: boolean
  /** Why it is in maintenance, empty when it is not; undefined where that is not listed. */
  readonly maintenance?: string
}

/** Reasons for maintenance begin so; maintenance for other reasons is somebody else's and stays. */
export const maintenancePrefix = 'fairlead: '

export type CheckStatus = 'passing' | 'warning' | 'critical'

/**
 * A registry that services are registered in: a Consul agent, Consul's key-value store, memory. All
 * throw FairleadErrors; `consul_refused` is this registration's own fault, anything else the back end's.
 */
export type RegistrationBackend = {
  /** Says that the registry works; resolves to its leader. */
  ping(signal: AbortSignal): Promise<string>
  /** Registers, or replaces what has this id; its checks, and maintenance, may stay. */
  register(registration: Registration, signal: AbortSignal): Promise<void>
  /** An id that is not there is no error. */
  deregister(registration: Pick<Registration, 'ID' | 'Name'>, signal: AbortSignal): Promise<void>
  /**
   * Everything that is registered here, by id; undefined: this back end cannot list. Maintenance
   * costs a second request, so it is listed where it is asked for.
   */
  list(
    signal: AbortSignal,
    hasMaintenance?: boolean,
  ): Promise<ReadonlyMap<string, Registered> | undefined>
  /** Ends checks from an earlier registration of the id that this one does not have. */
  removeOldChecks(registration: Registration, signal: AbortSignal): Promise<void>
  /**
   * Consul's maintenance mode of one service. What somebody else put into maintenance stays so. No-op
   * where there is none.
   */
  setMaintenance(id: string, isEnabled: boolean, reason: string, signal: AbortSignal): Promise<void>
  /** The state of a TTL check. No-op where there is none. */
  updateCheck(
    checkId: string,
    status: CheckStatus,
    output: string,
    signal: AbortSignal,
  ): Promise<void>
  close(): void
}
