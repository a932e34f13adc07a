import type { Dependency } from '../dependency.ts'
import type { View } from './view.ts'

/** Brings answers to views until it is closed. */
export type Carrier = {
  add(view: View): void
  remove(view: View): void
  close(): void
}

/** What became of asking. */
export type Outcome = {
  /** A view got an answer, which is news for these dependencies. */
  readonly changed: (view: View, dependencies: readonly Dependency[]) => void
  /** `retryInMs` undefined: it is not asked again. Nothing is told of a view that nobody uses. */
  readonly failed: (
    view: View,
    error: Error,
    failures: number,
    retryInMs: number | undefined,
  ) => void
}
