import type { DesiredState } from '../../model/desired-state.ts'
import type { Problem } from '../../model/problem.ts'
import type { Capabilities } from '../capabilities.ts'
import type { Plan, ReloadReason, RunningState } from '../diff/plan.ts'
import type { HaproxyRunner } from '../process/runner.ts'
import type { OldConnections } from './old-connections.ts'
import type { KnownState } from './read-back.ts'
import type { Removals } from './removals.ts'
import type { Trials } from './trial.ts'

export type PlanChanges = (
  base: RunningState,
  desired: DesiredState,
  capabilities: Capabilities,
) => Plan

export type ApplyResult = {
  /** A start of HAProxy counts as a reload. */
  readonly how: 'none' | 'runtime' | 'reload'
  /** What was changed, for people. */
  readonly changes: readonly string[]
  /** Why a reload; empty otherwise. */
  readonly reasons: readonly ReloadReason[]
  /** Commands sent to HAProxy to change something, as they may be shown: without private keys. */
  readonly commands: readonly string[]
  /** Things that did not hinder the change: the text could not be kept on disk. */
  readonly problems: readonly Problem[]
  /** When HAProxy had it, verified, in ms since the call; what follows is only keeping it on disk. */
  readonly verifiedMs: number
  /** A reload that has to wait: the state is not in force yet, and to be applied again then. */
  readonly deferred?: Deferral
}

/** A reload that was not done now, and what was done in its place. */
export type Deferral = {
  /** `interval`: the last one was a moment ago. `workers`: it would cut connections of an old worker. */
  readonly by: 'interval' | 'workers'
  /** When to apply again at the latest. */
  readonly afterMs: number
  /** Why a reload is needed. */
  readonly reasons: readonly ReloadReason[]
  /** What is in force instead; undefined: what was before. */
  readonly state: DesiredState | undefined
}

/** What one apply works with. */
export type ApplyContext = {
  readonly haproxy: HaproxyRunner
  readonly planChanges: PlanChanges
  readonly capabilities: Capabilities
  readonly removals: Removals
  /** Where HAProxy keeps what is open to addresses that have changed. */
  readonly oldConnections?: OldConnections | undefined
  /** What the last verified apply left behind; undefined: read it back. */
  readonly known: KnownState | undefined
  readonly keep: (known: KnownState | undefined) => void
  /** Whether a reload has to wait; undefined: it may be done now. */
  readonly reloadWait: () => Promise<Pick<Deferral, 'by' | 'afterMs'> | undefined>
  /** Where new texts have to prove themselves; undefined: somebody else looks after HAProxy. */
  readonly trials?: Trials | undefined
}

/** A result with the time of verification by `performance.now()`. */
export type Outcome = Omit<ApplyResult, 'verifiedMs'> & { readonly verifiedAt: number }
