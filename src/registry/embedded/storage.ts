import { readFile } from 'node:fs/promises'
import { messageOf } from '../../model/errors.ts'
import type { Problem } from '../../model/problem.ts'
import { appendToFile, writeFileAtomic } from '../../support/atomic-file.ts'
import { encodeChange, encodeHeader, encodeLine, replayJournal } from './journal-file.ts'
import type { CandidateChange, Contents } from './merge.ts'
import { checksumOf, encodeSnapshot, readSnapshotFile, setAside } from './snapshot-file.ts'

/** What was stored, with a problem where not all of it could be read. */
export type Restored = {
  readonly contents: Contents
  /** It was written before the machine was started: no container of this machine goes on from then. */
  readonly isFromBeforeBoot: boolean
  readonly problem: Problem | undefined
}

/** A journal shorter than this is never too long, however small the snapshot. */
const leastJournalLength = 256 * 1024

/**
 * The registry on disk: a snapshot file, and beside it a journal of what changed since, so that one
 * change among thousands costs one line. A journal that has become longer than its snapshot gives
 * way to a new snapshot; so does whatever an earlier process or a failed write has left.
 *
 * At any moment, also one in which the power fails, the two together are a state that the registry
 * had: a snapshot is replaced as a whole, and the journal that belongs to the one before it says
 * nothing from then on.
 */
export class RegistryStorage {
  readonly #path: string
  readonly #journalPath: string
  /** The next write is a whole snapshot. */
  #isWholeWanted = true
  /** What changed since the last write, as the journal has it; empty while `#isWholeWanted`. */
  #unwritten: string[] = []
  #unwrittenLength = 0
  #snapshot = { checksum: '', length: 0 }
  #journal = { lines: 0, length: 0 }

  constructor(path: string) {
    this.#path = path
    this.#journalPath = `${path}.journal`
  }

  /**
   * What is stored; undefined when nothing is. What cannot be trusted is renamed to `….refused`.
   * Throws SnapshotError where that is the snapshot.
   */
  async load(): Promise<Restored | undefined> {
    const stored = await readSnapshotFile(this.#path)
    if (stored === undefined) return undefined
    const { contents, checksum, isFromBeforeBoot } = stored
    const fault = await this.#replay(checksum, contents)
    const problem: Problem | undefined =
      fault === ''
        ? undefined
        : {
            where: 'registry',
            what: `the journal ${this.#journalPath} was refused: ${fault}`,
            hint: `it was kept as ${this.#journalPath}.refused; what it said before that counts`,
          }
    return { contents, isFromBeforeBoot, problem }
  }

  /** Takes down changes for the next write. */
  note(source: string, changes: readonly CandidateChange[]): void {
    if (this.#isWholeWanted) return
    for (const change of changes) {
      const text = encodeChange(source, change)
      this.#unwritten.push(text)
      this.#unwrittenLength += text.length
    }
    const most = Math.max(leastJournalLength, this.#snapshot.length)
    if (this.#journal.length + this.#unwrittenLength > most) this.#wantWhole()
  }

  /** Stores what was noted, or `contents` as a whole. One at a time. Throws StateWriteError. */
  async write(contents: Contents): Promise<void> {
    try {
      await (this.#isWholeWanted ? this.#writeWhole(contents) : this.#append())
    } catch (error) {
      this.#wantWhole()
      throw error
    }
  }

  async #writeWhole(contents: Contents): Promise<void> {
    this.#isWholeWanted = false
    const text = encodeSnapshot(contents)
    const checksum = checksumOf(text)
    await writeFileAtomic(this.#path, text)
    await writeFileAtomic(this.#journalPath, encodeHeader(checksum))
    this.#snapshot = { checksum, length: text.length }
    this.#journal = { lines: 0, length: 0 }
  }

  async #append(): Promise<void> {
    if (this.#unwritten.length === 0) return
    const { lines, length } = this.#journal
    const line = encodeLine(this.#snapshot.checksum, lines + 1, this.#unwritten)
    this.#unwritten = []
    this.#unwrittenLength = 0
    await appendToFile(this.#journalPath, line)
    this.#journal = { lines: lines + 1, length: length + line.length }
  }

  #wantWhole(): void {
    this.#isWholeWanted = true
    this.#unwritten = []
    this.#unwrittenLength = 0
  }

  /** Gives what is wrong with the journal; empty: nothing. */
  async #replay(checksum: string, contents: Contents): Promise<string> {
    let text: string
    try {
      text = await readFile(this.#journalPath, 'utf8')
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ENOENT' ? '' : messageOf(error)
    }
    const { fault } = replayJournal(text, checksum, contents)
    if (fault !== '') await setAside(this.#journalPath)
    return fault
  }
}
