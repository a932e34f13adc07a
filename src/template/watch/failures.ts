import type { DependencyFailure } from '../contract.ts'
import type { View } from './view.ts'

/** A try that failed; `retryInMs` undefined: there is no further one. */
export type FailedTry = Omit<DependencyFailure, 'dependency'>

type Failing = {
  /** A view that is asked for so; undefined: nobody needs it any more. */
  readonly viewOf: () => View | undefined
  readonly last: FailedTry
}

/**
 * What of a carrier's asking fails, told at each try and known until one succeeds. `subject`: what
 * is tried again and again, for one view or many; it is named by one of the dependencies on them.
 */
export class Failures {
  readonly #tell: (failure: DependencyFailure) => void
  readonly #failing = new Map<string, Failing>()

  constructor(tell: (failure: DependencyFailure) => void) {
    this.#tell = tell
  }

  failed(subject: string, viewOf: () => View | undefined, last: FailedTry): void {
    const failing = { viewOf, last }
    this.#failing.set(subject, failing)
    for (const failure of shown(failing)) this.#tell(failure)
  }

  /** Also: it is not tried any more, since nobody needs it. */
  over(subject: string): void {
    this.#failing.delete(subject)
  }

  list(): readonly DependencyFailure[] {
    return [...this.#failing.values()].flatMap(shown)
  }
}

function shown({ viewOf, last }: Failing): readonly DependencyFailure[] {
  const [dependency] = viewOf()?.dependencies ?? []
  return dependency === undefined ? [] : [{ dependency, ...last }]
}
