import type { Candidate, Observation } from '../../model/candidate.ts'
import { messageOf } from '../../model/errors.ts'
import type { Problem } from '../../model/problem.ts'
import { emptySnapshot, mergeCauses, type Cause, type Snapshot } from '../../model/snapshot.ts'
import { BackgroundWriter } from '../../support/background-writer.ts'
import type { Clock } from '../../support/clock.ts'
import { Mailbox } from '../../support/mailbox.ts'
import type { Registry } from '../registry.ts'
import { merge, type CandidateChange, type Contents } from './merge.ts'
import { ServiceIndex } from './service-index.ts'
import { SnapshotError } from './snapshot-file.ts'
import { RegistryStorage } from './storage.ts'

/**
 * The registry of one machine: in memory, with a snapshot file and a journal of what changed since.
 * What was read from them stands until the source it came from has made its first complete observation.
 */
export class EmbeddedRegistry implements Registry {
  readonly #storage: RegistryStorage
  readonly #clock: Clock
  #contents: Contents = new Map()
  /** Candidates by source, listed when they are asked for; none of a source that changed since. */
  readonly #lists = new Map<string, readonly Candidate[]>()
  /** Built when it is asked for: a burst of observations costs one. */
  #snapshot: Snapshot | undefined = emptySnapshot
  #revision = 0
  readonly #index = new ServiceIndex()
  readonly #readers = new Set<Mailbox<readonly Cause[]>>()
  readonly #writer: BackgroundWriter
  #storageProblem: Problem | undefined
  #loadProblem: Problem | undefined
  #isFromBeforeBoot = false
  readonly #onProblem: () => void

  constructor(path: string, clock: Clock, onProblem: () => void = () => {}) {
    this.#storage = new RegistryStorage(path)
    this.#writer = new BackgroundWriter({
      write: () => this.#storage.write(this.#contents),
      onResult: (error) => this.#onWritten(error),
      clock,
    })
    this.#clock = clock
    this.#onProblem = onProblem
  }

  /** Takes up what is stored, if it is good. A refused one becomes a problem on show. */
  async load(): Promise<void> {
    try {
      const stored = await this.#storage.load()
      if (stored === undefined) return
      const { contents } = stored
      this.#loadProblem = stored.problem
      this.#contents = contents
      this.#isFromBeforeBoot = stored.isFromBeforeBoot
      this.#take(
        [...contents.values()].flatMap((source) =>
          [...source.values()].map((after) => ({ before: undefined, after })),
        ),
      )
    } catch (error) {
      if (!(error instanceof SnapshotError)) throw error
      this.#loadProblem = { where: 'registry', what: error.message, hint: error.hint }
    }
  }

  /** What was loaded is from before the machine's last start. */
  get isFromBeforeBoot(): boolean {
    return this.#isFromBeforeBoot
  }

  accept(observation: Observation): void {
    const changes = merge(this.#contents, observation)
    if (changes.length === 0) return
    this.#lists.delete(observation.source)
    this.#storage.note(observation.source, changes)
    this.#take(changes)
    const cause: Cause = {
      what: observation.cause,
      eventAtMs: observation.eventAtMs,
      seenAtMs: this.#clock.now(),
    }
    for (const reader of this.#readers) reader.put([cause])
    this.#writer.touch()
  }

  snapshot(): Snapshot {
    this.#snapshot ??= {
      revision: this.#revision,
      services: this.#index.services(),
      candidates: this.#candidates(),
      problems: this.#index.problems(),
    }
    return this.#snapshot
  }

  candidate(source: string, key: string): Candidate | undefined {
    return this.#contents.get(source)?.get(key)
  }

  /** The candidate whose endpoint of this id counts, whatever its source. */
  holder(endpointId: string): Candidate | undefined {
    return this.#index.holder(endpointId)
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

  async *changes(signal: AbortSignal): AsyncGenerator<readonly Cause[], void, undefined> {
    const mailbox = new Mailbox<readonly Cause[]>(mergeCauses)
    this.#readers.add(mailbox)
    try {
      for (;;) {
        const causes = await mailbox.take(signal)
        if (causes === undefined) return
        yield causes
      }
    } finally {
      this.#readers.delete(mailbox)
    }
  }

  /** Resolves when everything accepted so far is on disk, or could not be written. */
  async flush(): Promise<void> {
    await this.#writer.flush()
  }

  #candidates(): readonly Candidate[] {
    const lists: (readonly Candidate[])[] = []
    for (const [source, known] of this.#contents) {
      const list = this.#lists.get(source) ?? [...known.values()]
      this.#lists.set(source, list)
      if (list.length > 0) lists.push(list)
    }
    return lists.length === 1 ? (lists[0] ?? []) : lists.flat()
  }

  #take(changes: readonly CandidateChange[]): void {
    this.#index.apply(changes)
    this.#revision += 1
    this.#snapshot = undefined
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
