import type { Candidate, Observation } from '../../model/candidate.ts'
import { messageOf } from '../../model/errors.ts'
import type { Problem } from '../../model/problem.ts'
import { emptySnapshot, type Cause, type Snapshot } from '../../model/snapshot.ts'
import { BackgroundWriter } from '../../support/background-writer.ts'
import type { Clock } from '../../support/clock.ts'
import { Mailbox } from '../../support/mailbox.ts'
import type { Registry, RegistryChange } from '../registry.ts'
import { merge, type CandidateChange, type Contents } from './merge.ts'
import { ServiceIndex } from './service-index.ts'
import { readSnapshotFile, SnapshotError, writeSnapshotFile } from './snapshot-file.ts'

/**
 * The registry of one machine: in memory, with a snapshot file. What was read from the file stands
 * until the source it came from has made its first complete observation.
 */
export class EmbeddedRegistry implements Registry {
  readonly #path: string
  readonly #clock: Clock
  #contents: Contents = new Map()
  #snapshot: Snapshot = emptySnapshot
  readonly #index = new ServiceIndex()
  readonly #readers = new Set<Mailbox<RegistryChange>>()
  readonly #writer: BackgroundWriter
  #storageProblem: Problem | undefined
  #loadProblem: Problem | undefined
  readonly #onProblem: () => void

  constructor(path: string, clock: Clock, onProblem: () => void = () => {}) {
    this.#path = path
    this.#writer = new BackgroundWriter({
      write: () => writeSnapshotFile(path, this.#contents),
      onResult: (error) => this.#onWritten(error),
      clock,
    })
    this.#clock = clock
    this.#onProblem = onProblem
  }

  /** Takes up the snapshot file, if there is a good one. A refused one becomes a problem on show. */
  async load(): Promise<void> {
    try {
      const contents = await readSnapshotFile(this.#path)
      if (contents === undefined) return
      this.#take(
        contents,
        [...contents.values()].flatMap((source) =>
          [...source.values()].map((after) => ({ before: undefined, after })),
        ),
      )
    } catch (error) {
      if (!(error instanceof SnapshotError)) throw error
      this.#loadProblem = { where: 'registry', what: error.message, hint: error.hint }
    }
  }

  accept(observation: Observation): void {
    const { contents, changes } = merge(this.#contents, observation)
    if (changes.length === 0) return
    this.#take(contents, changes)
    const cause: Cause = {
      what: observation.cause,
      eventAtMs: observation.eventAtMs,
      seenAtMs: this.#clock.now(),
    }
    for (const reader of this.#readers) reader.put({ snapshot: this.#snapshot, causes: [cause] })
    this.#writer.touch()
  }

  snapshot(): Snapshot {
    return this.#snapshot
  }

  /** What one source's candidates are now; empty for a source that never spoke. */
  candidatesOf(source: string): readonly Candidate[] {
    return [...(this.#contents.get(source)?.values() ?? [])]
  }

  /** Sources that the snapshot file knows; the daemon drops those that no setting names any more. */
  sources(): readonly string[] {
    return [...this.#contents.keys()]
  }

  /** A refused snapshot file, a write that failed. */
  problems(): readonly Problem[] {
    return [this.#loadProblem, this.#storageProblem].filter((each) => each !== undefined)
  }

  async *changes(signal: AbortSignal): AsyncGenerator<RegistryChange, void, undefined> {
    const mailbox = new Mailbox<RegistryChange>((unread, newer) => ({
      snapshot: newer.snapshot,
      causes: [...unread.causes, ...newer.causes],
    }))
    this.#readers.add(mailbox)
    try {
      for (;;) {
        const change = await mailbox.take(signal)
        if (change === undefined) return
        yield change
      }
    } finally {
      this.#readers.delete(mailbox)
    }
  }

  /** Resolves when everything accepted so far is on disk, or could not be written. */
  async flush(): Promise<void> {
    await this.#writer.flush()
  }

  #take(contents: Contents, changes: readonly CandidateChange[]): void {
    this.#contents = contents
    this.#index.apply(changes)
    this.#snapshot = {
      revision: this.#snapshot.revision + 1,
      services: this.#index.services(),
      candidates: [...contents.values()].flatMap((source) => [...source.values()]),
      problems: this.#index.problems(),
    }
  }

  #onWritten(error: unknown): void {
    const before = this.#storageProblem
    // When a write fails the old file is whole and what is in memory goes on; the next change tries again.
    this.#storageProblem =
      error === undefined
        ? undefined
        : {
            where: 'registry',
            what: messageOf(error),
            hint: 'a restart would not know the newest state before Docker has answered; free some space',
          }
    if (before?.what !== this.#storageProblem?.what) this.#onProblem()
  }
}
