import type { Observation } from '../model/candidate.ts'
import type { Cause, Snapshot } from '../model/snapshot.ts'

/**
 * Where endpoints are kept: takes observations, gives an immutable snapshot at every change.
 * Services whose content did not change keep their object identity from one snapshot to the next,
 * which is what later stages skip work by.
 */
export type Registry = {
  /** Merges one observation. Returns at once; storage follows in the background. */
  accept(observation: Observation): void
  snapshot(): Snapshot
  /**
   * Says that there is a newer snapshot, with what led to it; a slow reader is told once, with all
   * causes since its last.
   */
  changes(signal: AbortSignal): AsyncIterable<readonly Cause[]>
}
