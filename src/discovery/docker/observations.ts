import type { Candidate, Observation } from '../../model/candidate.ts'

type Cause = { readonly cause: string; readonly eventAtMs: number | undefined }

/** What one session says of its source: the full list first, then each change of one container. */
export class Observations {
  readonly #source: string
  readonly #publish: (observation: Observation) => void
  /** Nothing is published until the full list is. */
  #isQuiet = true

  constructor(source: string, publish: (observation: Observation) => void) {
    this.#source = source
    this.#publish = publish
  }

  get isQuiet(): boolean {
    return this.#isQuiet
  }

  all(upserts: readonly Candidate[], cause: string): void {
    this.#isQuiet = false
    const source = this.#source
    this.#publish({ source, isComplete: true, upserts, removals: [], cause, eventAtMs: undefined })
  }

  changed(candidate: Candidate, cause: Cause): void {
    const source = this.#source
    this.#publish({ source, isComplete: false, upserts: [candidate], removals: [], ...cause })
  }

  removed(id: string, cause: Cause, exitCode: number | undefined): void {
    if (this.#isQuiet) return
    this.#publish({
      source: this.#source,
      isComplete: false,
      upserts: [],
      removals: [id],
      ...(exitCode === undefined ? {} : { exits: new Map([[id, exitCode]]) }),
      ...cause,
    })
  }
}
