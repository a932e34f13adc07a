import type { CheckDefinition } from '../consul/types.ts'

export type CheckStatus = 'passing' | 'warning' | 'critical'

export type CheckResult = { readonly status: CheckStatus; readonly output: string }

/** A check as the catalogue has it. */
export type CatalogCheck = {
  /** Unique on its node. */
  readonly id: string
  readonly name: string
  readonly status: CheckStatus
  readonly notes: string
  readonly output: string
  /** `ttl`, `http`, `tcp`, `maintenance`; empty for one that Docker or the machine answers. */
  readonly type: string
}

/** Consul's service instance: what the catalogue knows of one endpoint or registration. */
export type Instance = {
  readonly node: string
  /** Unique on its node. */
  readonly id: string
  readonly service: string
  /** Empty where it is the node's. */
  readonly address: string
  readonly port: number
  readonly tags: readonly string[]
  readonly meta: Readonly<Record<string, string>>
  readonly weights: Weights
  readonly enableTagOverride: boolean
  readonly taggedAddresses?: TaggedAddresses | undefined
  readonly checks: readonly CatalogCheck[]
}

export type Weights = { readonly Passing: number; readonly Warning: number }

export type TaggedAddresses = Readonly<
  Record<string, { readonly Address: string; readonly Port: number }>
>

/** A service as it was registered through the API, with Consul's defaults filled in. */
export type LocalService = Omit<Instance, 'node' | 'checks'>

/** A check as it was registered, with its id and times in milliseconds. */
export type LocalCheck = {
  readonly id: string
  readonly name: string
  readonly notes: string
  readonly kind: CheckKind
  /** What it begins with; `critical` unless the registration says otherwise. */
  readonly initialStatus: CheckStatus
  /** Its service is deregistered after so long in `critical`; 0: never. */
  readonly deregisterAfterMs: number
}

export type CheckKind =
  | { readonly type: 'ttl'; readonly ttlMs: number }
  | {
      readonly type: 'tcp'
      readonly address: string
      readonly intervalMs: number
      readonly timeoutMs: number
    }
  | {
      readonly type: 'http'
      readonly url: string
      readonly method: string
      readonly headers: NonNullable<CheckDefinition['Header']>
      readonly body: string
      readonly isTlsVerified: boolean
      readonly intervalMs: number
      readonly timeoutMs: number
    }
