import type { Observation } from '../model/candidate.ts'
import type { Cause, Snapshot } from '../model/snapshot.ts'

/** A snapshot, and what led to it since the one before that this reader saw. */
export type RegistryChange = {
  readonly snapshot: Snapshot
  readonly causes: readonly Cause[]
}

/**
 * Where endpoints are kept: takes observations, gives an immutable snapshot at every change.
 * Services whose content did not change keep their object identity from one snapshot to the next,
 * which is what later stages skip work by.
 */
export type Registry = {
  /** Merges one observation. Returns at once; storage follows in the background. */
  accept(observation: Observation): void
  snapshot(): Snapshot
  /** Every newer snapshot; a slow reader gets the newest only, with all causes since its last. */
  changes(signal: AbortSignal): AsyncIterable<RegistryChange>
}
