import type { DesiredState } from '../model/desired-state.ts'
import type { Problem } from '../model/problem.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { OperatorStore } from '../operator/operator-store.ts'
import type { Prober } from '../readiness/prober.ts'
import type { Registry } from '../registry/registry.ts'
import type { RoutingInput, RoutingResult, RoutingSettings } from '../routing/contract.ts'
import type { Clock } from '../support/clock.ts'
import type { Applied, ChangeEntry, ChangeRecord, Deferred } from './change-entry.ts'

/** Where the pipeline stands; what `status` is made of. */
export type PipelineState = {
  readonly snapshot: Snapshot
  readonly routing: RoutingResult | undefined
  /** What HAProxy is brought to, and how that is another state than routing's. */
  readonly target: Target | undefined
  readonly desiredHash: string
  /** The newest desired state is applied and verified. */
  readonly isApplied: boolean
  readonly problems: readonly Problem[]
  /** What the last apply failed with. */
  readonly error: unknown
  /** A reload that has to wait; what it is for is not applied yet. */
  readonly deferred: Deferred | undefined
}

/** The state that is applied. */
export type Target = {
  readonly desired: DesiredState
  /** The generation whose structure and settings it has; undefined: the newest. */
  readonly pinnedTo: number | undefined
  /** Backends that routing wants and that are not in it. */
  readonly leftOut: ReadonlySet<string>
}

export type PipelineParts = {
  readonly registry: Registry
  readonly clock: Clock
  readonly settings: RoutingSettings
  readonly store: OperatorStore
  readonly prober: Prober
  readonly route: (input: RoutingInput) => RoutingResult
  readonly apply: (desired: DesiredState) => Promise<Applied>
  /**
   * Servers that the adopted HAProxy sends requests to, `backend/server` → address and port. They
   * go on serving, though this process has not probed them: HAProxy's own checks find them up.
   */
  readonly serving?: ReadonlyMap<string, { readonly address: string; readonly port: number }>
  /**
   * What a state could not be applied for. True: something was done about it, so that routing anew
   * gives another state. Throws nothing.
   */
  readonly onFailure?: (error: unknown, desired: DesiredState) => Promise<boolean>
  /** Called for everything that was done, or failed. */
  readonly onChange: (change: ChangeEntry, record: ChangeRecord) => void
  /** Called after every pass, also after one that changed nothing or failed. */
  readonly onPass?: (state: PipelineState) => void
  /** Called when a reload begins to wait for connections of old workers. */
  readonly onWait?: (deferred: Deferred) => void
  /** Turns what routing wants into what is applied, while a generation is pinned. Throws nothing. */
  readonly steer?: (wanted: DesiredState) => Target
}
