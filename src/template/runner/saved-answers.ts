import { readFile } from 'node:fs/promises'
import { FairleadError, messageOf } from '../../model/errors.ts'
import { writeFileAtomic } from '../../support/atomic-file.ts'
import { BackgroundWriter } from '../../support/background-writer.ts'
import type { Clock } from '../../support/clock.ts'
import type { AnswerOf } from '../catalogue.ts'
import type { DependencySource, Knowledge, WatchEvent } from '../contract.ts'
import type { Dependency } from '../dependency.ts'
import { openSnapshot, snapshotText, type SavedAnswer } from '../watch/snapshot.ts'
import { fileFault } from './errors.ts'
import type { Log } from './log.ts'

/** What an earlier run has saved; undefined: nothing that can be used, and the log says why. */
export async function readSaved(path: string, log: Log): Promise<Knowledge | undefined> {
  try {
    return openSnapshot(await readFile(path, 'utf8'))
  } catch (error) {
    if (error instanceof FairleadError) log.warn('snapshot', `${path}: ${messageOf(error)}`)
    else if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
      log.warn('snapshot', messageOf(fileFault('cannot read', path, error)))
    }
    return undefined
  }
}

/**
 * A source that answers from an earlier run while Consul has not answered yet and cannot be
 * reached. Consul's own answers always count first; from the first of them on nothing saved does.
 */
export class SourceWithSaved implements DependencySource {
  readonly #live: DependencySource
  readonly #saved: Knowledge
  readonly #log: Log
  readonly #listeners: ((event: WatchEvent) => void)[] = []
  #followed: readonly Dependency[] = []
  /** `unknown`: neither an answer of Consul's nor a failure yet. */
  #consul: 'unknown' | 'away' | 'answers' = 'unknown'

  constructor(live: DependencySource, saved: Knowledge, log: Log) {
    this.#live = live
    this.#saved = saved
    this.#log = log
    live.onEvent((event) => this.#told(event))
  }

  /** Whether what is known is of an earlier run. */
  get isSaved(): boolean {
    return this.#consul === 'away'
  }

  recall<D extends Dependency>(dependency: D): AnswerOf[D['kind']] | undefined {
    const known = this.#live.recall(dependency)
    if (known !== undefined || this.#consul !== 'away') return known
    return this.#saved.recall(dependency)
  }

  follow(dependencies: Iterable<Dependency>): void {
    this.#followed = [...dependencies]
    this.#live.follow(this.#followed)
  }

  onEvent(listener: (event: WatchEvent) => void): void {
    this.#listeners.push(listener)
  }

  close(): void {
    this.#live.close()
  }

  #told(event: WatchEvent): void {
    if (event.kind === 'changed' && event.dependencies.some(isOfConsul)) this.#consul = 'answers'
    this.#tell(event)
    if (event.kind !== 'failed' || this.#consul !== 'unknown') return
    if (!isOfConsul(event.failure.dependency)) return
    this.#consul = 'away'
    this.#log.warn('snapshot', 'Consul does not answer: rendering from saved answers')
    this.#tell({ kind: 'changed', dependencies: this.#followed })
  }

  #tell(event: WatchEvent): void {
    for (const listener of this.#listeners) listener(event)
  }
}

/** Keeps a file with the newest answers; a file that cannot be written is a warning. */
export class AnswerKeeper {
  readonly #writer: BackgroundWriter
  #answers: readonly SavedAnswer[] = []

  constructor(path: string, log: Log, clock: Clock) {
    this.#writer = new BackgroundWriter({
      // Values of keys may be secrets: mode 0600.
      write: () => writeFileAtomic(path, snapshotText(this.#answers)),
      onResult: (error) => {
        if (error !== undefined) log.warn('snapshot', messageOf(error))
      },
      clock,
    })
  }

  /** What is known of these now is saved soon. Files of this machine are not. */
  keep(used: readonly Dependency[], knowledge: Knowledge): void {
    this.#answers = used.filter(isOfConsul).flatMap((dependency) => {
      const answer = knowledge.recall(dependency)
      return answer === undefined ? [] : [{ name: dependency.name, kind: dependency.kind, answer }]
    })
    this.#writer.touch()
  }

  /** Resolves when all is written. */
  close(): Promise<void> {
    return this.#writer.flush()
  }
}

function isOfConsul({ kind }: Dependency): boolean {
  return kind !== 'file'
}
