import type { AdminState, DesiredState } from '../model/desired-state.ts'
import type { Endpoint } from '../model/endpoint.ts'
import type { Decision, Problem } from '../model/problem.ts'
import type { Snapshot } from '../model/snapshot.ts'

/** An operator's word about an endpoint; stands until taken back. */
export type OperatorWord = {
  readonly state: 'drain' | 'maint' | undefined
  /** 0 to 256; undefined: as labelled. */
  readonly weight: number | undefined
  readonly sinceMs: number
}

export type RoutingSettings = {
  /** Which containers without a routing label are routed. */
  readonly routeMode: 'web' | 'labelled' | 'all'
  /** `Host: <service>.<domain>`; `localhost` by default. */
  readonly domain: string
  /** Service that takes what no host rule matches; undefined: the marked one, else the oldest. */
  readonly defaultService: string | undefined
  /** How long a service without endpoints keeps its backend and answers 503. */
  readonly goneServiceMs: number
  /** `ADDR:PORT`, `[V6]:PORT`: HAProxy's binds. */
  readonly http: readonly string[]
  /** Networks (CIDR) whose X-Forwarded-* headers are believed. */
  readonly trustedProxies: readonly string[]
  readonly accessLog: boolean
  /**
   * The keyword of a server that makes a value a part of a connection's identity, by HAProxy's
   * version: from 3.0 on `pool-conn-name`; before, `sni` did, without TLS as well.
   */
  readonly connectionName: 'sni' | 'pool-conn-name'
  readonly maxConnections: number | undefined
  /** Reloads that an old worker may see (`mworker-max-reloads`). */
  readonly mostOldWorkers: number
  readonly timeouts: {
    readonly connectMs: number
    readonly clientMs: number
    readonly serverMs: number
    readonly requestMs: number
    readonly keepAliveMs: number
    readonly tunnelMs: number
    /** How long an old worker may live after a reload (`hard-stop-after`). */
    readonly hardStopMs: number
  }
  /** Absolute paths that the configuration names. */
  readonly paths: {
    /** Folder of the map files. */
    readonly maps: string
    /** HAProxy's stats socket. */
    readonly socket: string
    /** chroot folder; undefined: none (not root). */
    readonly chroot: string | undefined
  }
  /** user and group the worker changes to; undefined where not started as root. */
  readonly runAs: { readonly user: string; readonly group: string } | undefined
}

/**
 * What routing must remember from one run to the next. Plain JSON, kept in the state folder;
 * `emptyMemory` is always a valid start.
 */
export type RoutingMemory = {
  readonly defaultService: string | undefined
  /** Host name → service that holds it: the older claim wins as long as it stands. */
  readonly hosts: Readonly<Record<string, string>>
  /** Services that are or were routed. */
  readonly services: Readonly<Record<string, ServiceMemory>>
}

export type ServiceMemory = {
  /** Label values in force for the whole service. */
  readonly labels: Readonly<Record<string, string>>
  /** When its last endpoint went (Unix ms); undefined while it has one. */
  readonly emptySinceMs: number | undefined
  /** When it was first routed: "the oldest routed one". */
  readonly firstRoutedMs: number
}

export const emptyMemory: RoutingMemory = { defaultService: undefined, hosts: {}, services: {} }

export type RoutingInput = {
  readonly snapshot: Snapshot
  readonly settings: RoutingSettings
  /** By endpoint id. */
  readonly words: ReadonlyMap<string, OperatorWord>
  /**
   * Whether the endpoint was seen to accept a connection, or reports its health itself. Of one
   * endpoint object it may become true, never false again.
   */
  readonly hasAccepted: (endpoint: Endpoint) => boolean
  readonly memory: RoutingMemory
  readonly nowMs: number
}

/** One routed service. */
export type Route = {
  readonly service: string
  readonly backend: string
  /** Host names that lead to it, `*.x` for wildcards; sorted. */
  readonly hosts: readonly string[]
  readonly isDefault: boolean
  readonly balance: string
  /** Empty service kept for a while: answers 503. */
  readonly isGone: boolean
}

/** Where an endpoint ended up. */
export type Placement =
  | { readonly isRouted: false; readonly decisions: readonly Decision[] }
  | {
      readonly isRouted: true
      /** HAProxy's names. */
      readonly backend: string
      readonly server: string
      readonly admin: AdminState
      readonly weight: number
      /** Why it is not `ready`; empty when it is. */
      readonly reason: string
      readonly decisions: readonly Decision[]
    }

export type RoutingResult = {
  readonly desired: DesiredState
  readonly memory: RoutingMemory
  readonly problems: readonly Problem[]
  readonly routes: readonly Route[]
  /** By endpoint id; every endpoint of the snapshot. */
  readonly placements: ReadonlyMap<string, Placement>
  /** Routed endpoints that nobody has seen to accept a connection yet. */
  readonly unproven: readonly Endpoint[]
  /** When routing must run again though nothing changed (Unix ms): a gone service's time is over. */
  readonly nextRunAtMs: number | undefined
  /** The template that says in place of routing where requests go. */
  readonly template?: string
}
