import type { DependencyFailure } from '../contract.ts'
import type { Dependency } from '../dependency.ts'
import type { View } from './view.ts'

/** Brings answers to views until it is closed. */
export type Carrier = {
  add(view: View): void
  remove(view: View): void
  /** What fails now, and has not succeeded since. */
  failing(): readonly DependencyFailure[]
  close(): void
}

/** What became of asking. */
export type Outcome = {
  /** A view got an answer, which is news for these dependencies. */
  readonly changed: (view: View, dependencies: readonly Dependency[]) => void
  /** A try has failed; nothing is told of a view that nobody uses. */
  readonly failed: (failure: DependencyFailure) => void
}
