import { mkdir, rm } from 'node:fs/promises'
import type { ChangeReport, GenerationReport } from '../api/contract.ts'
import type { DesiredState } from '../model/desired-state.ts'
import { FairleadError, messageOf } from '../model/errors.ts'
import type { Problem } from '../model/problem.ts'
import { appendToFile, writeFileAtomic } from '../support/atomic-file.ts'
import { BackgroundWriter } from '../support/background-writer.ts'
import type { Clock } from '../support/clock.ts'
import {
  changeOf,
  keptGeneration,
  keptHistory,
  listSegments,
  openSegment,
  segmentPath,
} from './kept-history.ts'
import type { Generation, SegmentFile } from './kept-history.ts'
import { encodeHeader, encodeLine, reportOf } from './segment.ts'
import { asKept, emptyState, stateDelta } from './state-delta.ts'

export type HistoryOptions = {
  /** Absolute; made when it is missing. */
  readonly folder: string
  readonly clock: Clock
  /** Generations that are kept at least, once there were so many; up to a tenth more are. */
  readonly mostGenerations: number
  /** Of all segments together; 64 MB unless given. The newest and a pinned one are kept anyway. */
  readonly mostBytes?: number
}

/** The segment that is written to. */
type Open = {
  file: SegmentFile
  count: number
  checksum: string
  /** What the next generation is told by. */
  state: DesiredState
  /** Bytes of the first line, which has the whole state. */
  readonly wholeBytes: number
}

/** What cannot be written is kept in memory up to so many generations. */
const mostUnwritten = 100
const leastSegmentBytes = 256 * 1024

/**
 * The generations on disk: each with what is said of it and its desired state, told by the one
 * before, in segments of which the oldest are dropped. Writing follows in the background, so that no
 * apply waits for it; where it fails that is a problem on show, and is tried again with the next.
 */
export class History {
  readonly #options: HistoryOptions
  readonly #writer: BackgroundWriter
  #segments: SegmentFile[] = []
  #open: Open | undefined
  #unwritten: { readonly report: GenerationReport; readonly state: DesiredState }[] = []
  #lastNumber = 0
  #recent: readonly ChangeReport[] = []
  #protected: number | undefined
  #loadProblem: Problem | undefined
  #writeProblem: Problem | undefined

  constructor(options: HistoryOptions) {
    this.#options = options
    this.#writer = new BackgroundWriter({
      write: () => this.#write(),
      onResult: (error) => this.#written(error),
      clock: options.clock,
    })
  }

  /** Finds what is kept. What cannot be read of it is a problem; the numbers go on after it. */
  async load(): Promise<void> {
    const { folder } = this.#options
    try {
      this.#segments = await listSegments(folder)
    } catch (error) {
      this.#loadProblem = problem(`${folder} cannot be read: ${messageOf(error)}`)
    }
    const newest = this.#segments.at(-1)
    if (newest === undefined) return
    const { lines, fault } = await openSegment(newest.path)
    this.#lastNumber = lines.at(-1)?.number ?? newest.first
    this.#recent = lines.map((line) => changeOf(reportOf(line)))
    if (fault === '') return
    const lost = lines.length === 0 ? 'nothing of it is left' : `it ends with ${this.#lastNumber}`
    this.#loadProblem = problem(`${newest.path}: ${fault}; ${lost}`)
  }

  /** Of the newest generation that was kept; 0: none. */
  get lastNumber(): number {
    return this.#lastNumber
  }

  /** Those of the newest segment when it was loaded, newest last: what costs nothing to know. */
  get recent(): readonly ChangeReport[] {
    return this.#recent
  }

  problems(): readonly Problem[] {
    return [this.#loadProblem, this.#writeProblem].filter((each) => each !== undefined)
  }

  /** Keeps a generation; written in the background. */
  keep(report: GenerationReport, state: DesiredState): void {
    this.#unwritten.push({ report, state: asKept(state) })
    this.#writer.touch()
  }

  /** This generation is not dropped, however old it is. */
  protect(number: number | undefined): void {
    this.#protected = number
  }

  /** At most so many, newest last; only those before `before` if it is given. */
  async list(most: number, before = Infinity): Promise<readonly ChangeReport[]> {
    await this.flush()
    const waiting = this.#unwritten.map(({ report }) => changeOf(report))
    const unwritten = waiting.filter(({ id }) => id < before).slice(-most)
    const left = most - unwritten.length
    if (left === 0) return unwritten
    return [...(await keptHistory(this.#options.folder, left, before)), ...unwritten]
  }

  async read(number: number): Promise<Generation | undefined> {
    const unwritten = this.#unwritten.find(({ report }) => report.id === number)
    if (unwritten !== undefined) return unwritten
    return keptGeneration(this.#options.folder, number)
  }

  /** Resolves when all is written that could be. */
  flush(): Promise<void> {
    return this.#writer.flush()
  }

  #written(error: unknown): void {
    if (error === undefined) {
      this.#writeProblem = undefined
      return
    }
    // A part of a line may be in the file: what comes next begins a new one.
    this.#open = undefined
    this.#unwritten = this.#unwritten.slice(-mostUnwritten)
    const hint = error instanceof FairleadError ? error.hint : ''
    this.#writeProblem = { ...problem(`cannot be written: ${messageOf(error)}`), hint }
  }

  async #write(): Promise<void> {
    while (this.#unwritten.length > 0) {
      if (this.#open === undefined || this.#isFull(this.#open)) await this.#begin()
      else await this.#append(this.#open)
    }
    await this.#dropOldest()
  }

  /** A new segment with the next generation, told as a whole. */
  async #begin(): Promise<void> {
    const [next] = this.#unwritten
    if (next === undefined) return
    const { folder } = this.#options
    const { line, checksum } = encodeLine(next.report, stateDelta(emptyState, next.state), '')
    const path = segmentPath(folder, next.report.id)
    const content = encodeHeader(next.report.id) + line
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await writeFileAtomic(path, content)
    const bytes = Buffer.byteLength(content)
    const file = { path, first: next.report.id, bytes }
    this.#segments = [...this.#segments.filter((each) => each.path !== path), file]
    this.#open = { file, count: 1, checksum, state: next.state, wholeBytes: bytes }
    this.#done(1)
  }

  /** All that waits and fits goes to the end of the segment by one write. */
  async #append(open: Open): Promise<void> {
    const lines: string[] = []
    let { checksum, state } = open
    for (const next of this.#unwritten.slice(0, this.#perSegment - open.count)) {
      const encoded = encodeLine(next.report, stateDelta(state, next.state), checksum)
      lines.push(encoded.line)
      checksum = encoded.checksum
      state = next.state
    }
    const text = lines.join('')
    await appendToFile(open.file.path, text)
    const bytes = open.file.bytes + Buffer.byteLength(text)
    const file = { ...open.file, bytes }
    this.#segments = this.#segments.map((each) => (each.path === file.path ? file : each))
    this.#open = { ...open, file, count: open.count + lines.length, checksum, state }
    this.#done(lines.length)
  }

  #done(count: number): void {
    const written = this.#unwritten.slice(0, count)
    this.#lastNumber = written.at(-1)?.report.id ?? this.#lastNumber
    this.#unwritten = this.#unwritten.slice(count)
  }

  get #perSegment(): number {
    return Math.max(1, Math.ceil(this.#options.mostGenerations / 10))
  }

  /** Also where the differences have grown larger than the state they begin with. */
  #isFull({ count, file, wholeBytes }: Open): boolean {
    const most = Math.max(2 * wholeBytes, leastSegmentBytes)
    return count >= this.#perSegment || file.bytes > most
  }

  async #dropOldest(): Promise<void> {
    const { mostGenerations, mostBytes = 64 * 1024 * 1024 } = this.#options
    const isPinned = (index: number): boolean => {
      const [here, next] = [this.#segments[index], this.#segments[index + 1]]
      if (this.#protected === undefined || here === undefined) return false
      return here.first <= this.#protected && this.#protected < (next?.first ?? Infinity)
    }
    let bytes = this.#segments.reduce((sum, each) => sum + each.bytes, 0)
    const kept: SegmentFile[] = []
    for (const [index, segment] of this.#segments.entries()) {
      const next = this.#segments[index + 1]
      const isOld = next !== undefined && this.#lastNumber - next.first + 1 >= mostGenerations
      const isTooMuch = next !== undefined && bytes > mostBytes
      if ((isOld || isTooMuch) && !isPinned(index)) {
        await rm(segment.path, { force: true })
        bytes -= segment.bytes
      } else kept.push(segment)
    }
    this.#segments = kept
  }
}

function problem(what: string): Problem {
  return { where: 'history', what, hint: '' }
}
