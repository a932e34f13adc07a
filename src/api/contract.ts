import type { SourceState } from '../model/candidate.ts'
import type { Health } from '../model/endpoint.ts'
import type { Decision, Problem } from '../model/problem.ts'

/** `GET /api/status`. Times are Unix milliseconds, sizes bytes. */
export type StatusReport = {
  readonly name: string
  readonly version: string
  readonly pid: number
  readonly startedAtMs: number
  readonly stateFolder: string
  /** Hash of the desired state in force: equal on two load balancers that serve the same. */
  readonly desiredHash: string
  /** The desired state is applied and verified. */
  readonly isApplied: boolean
  readonly http: readonly string[]
  readonly haproxy: HaproxyReport
  readonly registry: RegistryReport
  readonly sources: readonly SourceState[]
  readonly services: readonly ServiceReport[]
  /** Everything seen that is not in a backend, with the reason. */
  readonly leftOut: readonly LeftOutReport[]
  readonly problems: readonly Problem[]
  /** Undefined: the newest structure and settings are in force. */
  readonly pin?: PinReport | undefined
  /** What HAProxy was found to have other than wanted, and was left so (`--drift report`). */
  readonly drift?: readonly string[]
  /** Operators' words in force, also for endpoints that are away. */
  readonly words: readonly WordReport[]
}

export type HaproxyReport = {
  readonly version: string
  readonly masterPid: number
  readonly workerPid: number
  readonly state: 'running' | 'starting' | 'down'
  readonly isAdopted: boolean
  /** Reloads since fairlead started. */
  readonly reloads: number
  /** Client connections now, and the most there may be (`maxconn`); 0 when HAProxy does not answer. */
  readonly connections: number
  readonly maxConnections: number
  /** File descriptors that HAProxy may have open (`ulimit -n`): two or more for each connection. */
  readonly maxFiles: number
}

/** Where endpoints are kept, and how it is doing. */
export type RegistryReport = { readonly kind: 'embedded' } | ConsulReport

export type ConsulReport = {
  readonly kind: 'consul'
  /** Its agents, as they are asked: `http://10.0.0.1:8500`. */
  readonly addresses: readonly string[]
  /** Empty until an agent has answered. */
  readonly datacenter: string
  /** `stale`: answers come, but its servers have no leader. `waiting`: no answer yet or again. */
  readonly state: 'current' | 'stale' | 'waiting'
  readonly sinceMs: number
  /** When it last answered; undefined: never since fairlead started. */
  readonly answeredAtMs: number | undefined
  /** Last error, else empty. */
  readonly error: string
  /** Services that are read, and whether each has a query of its own or they share a few. */
  readonly services: number
  readonly watches: 'by service' | 'by node'
  /** Removals that are held back. */
  readonly held: readonly HeldReport[]
  readonly counts: {
    readonly requests: number
    readonly retries: number
    /** Endpoints whose removal was held back since start. */
    readonly held: number
  }
  /** What this fairlead registers; undefined where it only reads. */
  readonly registrations: RegistrationsReport | undefined
}

export type HeldReport = {
  readonly service: string
  /** Endpoint ids. */
  readonly endpoints: readonly string[]
  readonly sinceMs: number
  /** When a further read confirms the removal, or not. */
  readonly untilMs: number
}

export type RegistrationsReport = {
  /** In Consul now; waiting to be sent; refused by Consul. */
  readonly registered: number
  readonly pending: number
  readonly refused: number
  readonly counts: {
    readonly registrations: number
    readonly deregistrations: number
    readonly retries: number
    readonly heartbeats: number
  }
}

export type ServiceReport = {
  readonly name: string
  readonly backend: string
  readonly hosts: readonly string[]
  readonly isDefault: boolean
  readonly isGone: boolean
  readonly balance: string
  readonly endpoints: readonly EndpointReport[]
}

export type EndpointReport = {
  readonly id: string
  /** Container name or registration id. */
  readonly candidate: string
  readonly image: string
  readonly node: string
  /** Consul's datacenter; empty where the registry is not Consul. */
  readonly datacenter: string
  readonly address: string
  readonly port: number
  readonly health: Health
  readonly healthReason: string
  readonly server: string
  /** What fairlead wants. */
  readonly admin: 'ready' | 'drain' | 'maint'
  /** Why not ready, else empty. */
  readonly reason: string
  /** What HAProxy says: `UP`, `DOWN`, `MAINT`, `DRAIN`, `no check`, … ; empty when it does not answer. */
  readonly haproxyStatus: string
  readonly weight: number
  /** Current sessions, and requests since HAProxy's last reload. */
  readonly sessions: number
  readonly requests: number
}

export type LeftOutReport = {
  readonly name: string
  readonly kind: 'container' | 'registration' | 'instance'
  readonly node: string
  readonly image: string
  readonly reason: string
  readonly hint: string
}

export type WordReport = {
  readonly endpoint: string
  readonly state: 'drain' | 'maint' | undefined
  readonly weight: number | undefined
  readonly sinceMs: number
}

/** `GET /api/cluster`: all load balancers that are registered in the same Consul. */
export type ClusterReport =
  /** The registry is embedded: there is nothing to compare with. */
  | { readonly kind: 'embedded' }
  | {
      readonly kind: 'consul'
      /** The service that they are instances of. */
      readonly service: string
      /** All are passing, hold the same desired state and have it in force. */
      readonly isSame: boolean
      /** When Consul was read; undefined: never. */
      readonly readAtMs: number | undefined
      /** Why it could not be read now, else empty; then `members` are those read last. */
      readonly error: string
      /** By node and name. */
      readonly members: readonly ClusterMemberReport[]
      /** What this one has sent to Consul since its start. */
      readonly counts: {
        /** Writes in Consul's catalogue. */
        readonly writes: number
        readonly heartbeats: number
        /** Of both, those that failed. */
        readonly failures: number
      }
    }

/** One load balancer, as it says of itself. */
export type ClusterMemberReport = {
  readonly instance: string
  readonly node: string
  readonly version: string
  readonly haproxyVersion: string
  /** Equal where the same is served, whatever the folders, addresses and HAProxy's version. */
  readonly hash: string
  /** The number of its own newest change; not comparable. */
  readonly generation: number
  readonly isApplied: boolean
  readonly pinnedTo: number | undefined
  readonly leftOut: number
  /** The newest of Consul's indexes that it had read when it wrote this. */
  readonly catalogueIndex: number
  /** Since when it has this hash, by its own clock. */
  readonly sinceMs: number
  readonly http: readonly string[]
  /** It is the one that was asked. */
  readonly isThis: boolean
  readonly state: 'passing' | 'warning' | 'critical'
  /** Why not passing, else empty. */
  readonly why: string
  /** Since when it was seen so by the one that was asked. */
  readonly stateSinceMs: number
  readonly verdict: ClusterVerdict
}

/** How one compares with what most of them serve. */
export type ClusterVerdict = {
  readonly kind: 'same' | 'lags' | 'away' | 'pinned' | 'settings' | 'not applied' | 'differs'
  readonly text: string
  /** For how long others have had the state that it has not. */
  readonly forMs?: number
}

/** `GET /api/explain?subject=…`. */
export type Explanation = {
  readonly subject: string
  readonly kind: 'container' | 'registration' | 'instance' | 'service' | 'url'
  /** One line: where it ended. */
  readonly conclusion: string
  /** One trace per endpoint (or one for all when there is none). */
  readonly traces: readonly { readonly about: string; readonly decisions: readonly Decision[] }[]
}

/** One entry of the ledger: `GET /api/events`, event `change`; `GET /api/history`. */
export type ChangeReport = {
  /** The generation's number: counts up for ever, also over restarts. */
  readonly id: number
  readonly atMs: number
  readonly causes: readonly string[]
  readonly how: 'runtime' | 'reload' | 'failed'
  /** Reasons of a reload, or the error of a failed change. */
  readonly reasons: readonly string[]
  /** Of what kinds the reasons of a reload are, each once: `setting`, `section`, `server`, … */
  readonly kinds: readonly string[]
  /** `backend app: + server web.4 10.0.1.7:80`; of very many the first, and a word about the rest. */
  readonly changes: readonly string[]
  /** How many changes there were. */
  readonly changeCount: number
  readonly commands: number
  /** From the Docker event to done; undefined when no event led to it. */
  readonly eventToDoneMs: number | undefined
  /** From when fairlead learnt of it to done. */
  readonly seenToDoneMs: number
  /** How long HAProxy had to be worked on. */
  readonly applyMs: number
  readonly desiredHash: string
  /** The generation that structure and settings are pinned to; undefined: none. */
  readonly pinnedTo?: number | undefined
}

/** Everything that is kept about one generation: `GET /api/history/:generation`. */
export type GenerationReport = ChangeReport & {
  /** As sent to HAProxy, without private keys; of very many the first, and a word about the rest. */
  readonly commandTexts: readonly string[]
  /** What did not hinder the change. */
  readonly problems: readonly Problem[]
}

/** The difference between two generations: `GET /api/diff?from=…&to=…`. */
export type DiffReport = {
  readonly from: number
  /** undefined: what is in force now. */
  readonly to: number | undefined
  /** The few things it means, as in `changes` of a generation. */
  readonly changes: readonly string[]
  /** The texts and files as a unified diff, where it was asked for. */
  readonly text?: string
}

/** Structure and settings are those of an earlier generation. */
export type PinReport = {
  readonly generation: number
  readonly sinceMs: number
}

/** What the API asks of the daemon. Errors are FairleadErrors; the API gives their codes HTTP statuses. */
export type DaemonControl = {
  status(): Promise<StatusReport>
  /** All load balancers, read from Consul now; with `isKnown` as they were read last. */
  cluster(isKnown?: boolean): Promise<ClusterReport>
  /** `not_found` when nothing of that name was ever seen. */
  explain(subject: string): Promise<Explanation>
  /** `state: 'ready'` and `weight: null` take the word back. `not_found` for an unknown endpoint without a word. */
  setWord(
    endpoint: string,
    word: { state?: 'drain' | 'maint' | 'ready'; weight?: number | null },
  ): Promise<void>
  /** The ledger: `recent` newest last, then each new one as it happens. */
  recentChanges(): readonly ChangeReport[]
  /**
   * Subscribed from the call on, so that nothing is lost between it and `recentChanges`. Ends when
   * the signal aborts, and earlier for a reader that has fallen too far behind.
   */
  changes(signal: AbortSignal): AsyncIterable<ChangeReport>
  /** The first desired state after start is applied and the sources have answered once. */
  isReady(): boolean
  /**
   * Lets held-back removals of one service, or of all, happen now. Resolves to the endpoints that
   * went. `not_found` when none is held back.
   */
  confirm(service: string | undefined): Promise<readonly string[]>
  /** Kept generations, newest last: at most `most`, those before `before` where that is given. */
  history(most: number, before?: number): Promise<readonly ChangeReport[]>
  /** `not_found` when it is not kept. */
  generation(id: number): Promise<GenerationReport>
  /** `to` undefined: what is in force now. `not_found` when one is not kept. */
  diff(from: number, to: number | undefined, isText: boolean): Promise<DiffReport>
  /**
   * Brings structure and settings of a generation back and pins them; resolves when HAProxy has
   * them. `not_found` when it is not kept; what HAProxy rejects is thrown, and nothing is pinned.
   */
  rollback(id: number): Promise<PinReport>
  /** Back to the newest; resolves when HAProxy has it. `not_found` when nothing is pinned. */
  unpin(): Promise<PinReport>
  /** HAProxy's statistics as CSV (`show stat`), for metrics. */
  statistics(): Promise<string>
  /** Begins a graceful end of fairlead and its HAProxy; resolves when begun. */
  down(): Promise<void>
}
