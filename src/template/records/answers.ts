/*
 * Consul's answers, as far as templates see them. What some versions leave out, or give as null,
 * is optional.
 */

type Optional<T> = T | null | undefined
type Strings = Optional<Readonly<Record<string, string>>>

export type NodeAnswer = {
  readonly ID?: Optional<string>
  readonly Node: string
  readonly Address: string
  readonly Datacenter?: Optional<string>
  readonly TaggedAddresses?: Strings
  readonly Meta?: Strings
}

export type ServiceAnswer = {
  readonly ID: string
  readonly Service: string
  readonly Tags?: Optional<readonly string[]>
  readonly Address?: Optional<string>
  readonly TaggedAddresses?: Optional<
    Readonly<Record<string, { readonly Address: string; readonly Port: number }>>
  >
  readonly Meta?: Strings
  readonly Port?: Optional<number>
  readonly Weights?: Optional<{ readonly Passing: number; readonly Warning: number }>
  readonly EnableTagOverride?: Optional<boolean>
}

export type CheckAnswer = {
  readonly Node: string
  readonly CheckID: string
  readonly Name?: Optional<string>
  readonly Status: string
  readonly Notes?: Optional<string>
  readonly Output?: Optional<string>
  readonly ServiceID?: Optional<string>
  readonly ServiceName?: Optional<string>
  readonly ServiceTags?: Optional<readonly string[]>
  readonly Type?: Optional<string>
}

/** An entry of `GET /v1/health/service/NAME` and `/v1/health/connect/NAME`. */
export type HealthAnswer = {
  readonly Node: NodeAnswer
  readonly Service: ServiceAnswer
  readonly Checks?: Optional<readonly CheckAnswer[]>
}

/** `GET /v1/catalog/node/NAME`; null for an unknown node. */
export type NodeServicesAnswer = {
  readonly Node: NodeAnswer
  readonly Services?: Optional<Readonly<Record<string, ServiceAnswer>>>
} | null

/** A pair of `GET /v1/kv/PREFIX?recurse`. */
export type PairAnswer = {
  readonly Key: string
  /** In base64; null for an empty value. */
  readonly Value?: Optional<string>
  readonly CreateIndex?: Optional<number>
  readonly ModifyIndex?: Optional<number>
  readonly LockIndex?: Optional<number>
  readonly Flags?: Optional<number>
  readonly Session?: Optional<string>
}
