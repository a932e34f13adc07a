import type { ServiceDefinition } from './types.ts'

/** Where Consul's agents are and how to speak to them; `address.ts` makes it of a URI and CONSUL_*. */
export type ConsulOptions = {
  /** `http://HOST:PORT`, `https://HOST:PORT` or `unix:///PATH`; tried in turn, at least one. */
  readonly addresses: readonly string[]
  readonly token: string | undefined
  /** HTTP basic authentication, `user:password`. */
  readonly auth: string | undefined
  /** `?dc=`; undefined: the agent's own. */
  readonly datacenter: string | undefined
  readonly tls: {
    /** Paths of PEM files; `caFolder` is a folder of them. */
    readonly caFile: string | undefined
    readonly caFolder: string | undefined
    readonly certFile: string | undefined
    readonly keyFile: string | undefined
    readonly serverName: string | undefined
    readonly isVerified: boolean
  }
}

/** What an answer carries beside its body. */
export type Answer<T> = {
  readonly value: T
  /** `X-Consul-Index`; 0 where there is none. */
  readonly index: number
  /** `X-Consul-LastContact`: how long ago the server that answered heard of the leader. */
  readonly lastContactMs: number
  /** `X-Consul-KnownLeader`; true where it is not said. */
  readonly isLeaderKnown: boolean
}

export type RequestOptions = {
  readonly query?: Readonly<Record<string, string | number | true | undefined>>
  readonly signal?: AbortSignal
  /** From the request to the end of its answer; 10,000 by default. */
  readonly timeoutMs?: number
}

/**
 * Consul's HTTP API as the rest of fairlead asks it. Everything throws ConsulError (code
 * `consul_unreachable`, or `consul_refused` with the status); names in a path are percent-encoded
 * by whoever builds it.
 */
export type Consul = {
  /**
   * A 404 that has an index, as of a key that is not there, is the value undefined; any other is
   * refused. With several addresses a failed read is asked at the next one, each within `timeoutMs`.
   */
  get<T>(path: string, options?: RequestOptions): Promise<Answer<T>>
  /** A string is sent as it is, anything else as JSON. An empty answer is undefined. */
  put<T>(path: string, body?: unknown, options?: RequestOptions): Promise<T>
  delete<T>(path: string, options?: RequestOptions): Promise<T>
  close(): void
}

/** How a watch is doing. */
export type WatchState = {
  /** `waiting`: no answer yet or again; `stale`: answers come, but no leader is known. */
  readonly state: 'current' | 'stale' | 'waiting'
  /** Last error, else empty. */
  readonly error: string
  /** Since when (Unix ms) it is in this state. */
  readonly sinceMs: number
  /** When Consul last answered (Unix ms); undefined: never. */
  readonly answeredAtMs: number | undefined
}

export type { ServiceDefinition }
