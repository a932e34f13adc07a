import type { DesiredState } from '../../model/desired-state.ts'
import type { FairleadError } from '../../model/errors.ts'
import type { KeptFile } from './staged-files.ts'

/** One text under way into HAProxy. */
export type Trial = {
  /** Call it right before HAProxy takes the text up. Throws StateWriteError. */
  loading(): Promise<void>
  /** HAProxy runs it. Gives the old contents that are kept: names of files. */
  loaded(): ReadonlySet<string>
  /** It was not taken up, and the files are as they were before. */
  cancel(): Promise<void>
}

/** What an apply needs of the probation that texts are on: see `Probation`. */
export type Trials = {
  /** Old contents that must stay. */
  readonly kept: ReadonlySet<string>
  /** `files` are about to be replaced, for these reasons. Throws StateWriteError. */
  begin(
    files: readonly KeptFile[],
    reasons: readonly string[],
    desired: DesiredState,
  ): Promise<Trial>
  /**
   * HAProxy is down: if a text on probation did it, puts the files of before back, and gives what to
   * tell. Throws StateWriteError, and `haproxy_crashed` for a HAProxy that ends again and again.
   */
  takeCrash(): Promise<FairleadError | undefined>
  /** HAProxy was started with the text on disk. */
  restarted(): void
  /**
   * HAProxy did not survive taking up a text. That may have been somebody's signal: only the second
   * time in a row it is held against the text.
   */
  blame(desired: DesiredState, reasons: readonly string[]): void
  /** Why this state is not tried now; undefined: it may be. */
  verdictOn(desired: DesiredState): FairleadError | undefined
}
