import * as v from 'valibot'
import type { Candidate } from '../../model/candidate.ts'
import { jsonOf, type CandidateChange, type Contents } from './merge.ts'
import { candidateSchema, sha256 } from './snapshot-file.ts'

// What changed after a snapshot file: a header line that names the snapshot by its checksum, then
// one line for each write, `<number> <SHA-256> <changes as JSON>`. A line counts whole or not at
// all, and only after all lines before it.

const magic = 'fairlead-journal'
const formatVersion = 1

export function encodeHeader(snapshotChecksum: string): string {
  const said = `${magic} ${formatVersion} ${snapshotChecksum}`
  return `${said} ${sha256(said)}\n`
}

/** One candidate that came, changed or went, as it stands in a line. */
export function encodeChange(source: string, { before, after }: CandidateChange): string {
  const key = after?.key ?? before?.key ?? ''
  const candidate = after === undefined ? 'null' : jsonOf(after)
  return `[${JSON.stringify(source)},${JSON.stringify(key)},${candidate}]`
}

/** `number` counts the lines of one journal from 1. */
export function encodeLine(
  snapshotChecksum: string,
  number: number,
  changes: readonly string[],
): string {
  const body = `[${changes.join(',')}]`
  return `${number} ${lineChecksum(snapshotChecksum, number, body)} ${body}\n`
}

/** What was done with a journal. */
export type Replayed = {
  /** Lines that counted. */
  readonly lines: number
  /** Why the rest did not; empty when it is whole, of another snapshot, or cut off while written. */
  readonly fault: string
}

/**
 * Does to `contents`, read from the snapshot file, what a journal says. A journal that belongs to
 * another snapshot is older than this one, and says nothing. The end of the last line may be
 * missing: the machine lost power while it was written. Where something else is wrong, what comes
 * before it still counts: that was once the state of the registry.
 */
export function replayJournal(
  text: string,
  snapshotChecksum: string,
  contents: Contents,
): Replayed {
  const [header = '', ...lines] = text.split('\n')
  const [, version, checksum] = header.split(' ')
  if (lines.length === 0 || `${header}\n` !== encodeHeader(checksum ?? '')) {
    const isNewer = header.startsWith(`${magic} `) && Number(version) > formatVersion
    return { lines: 0, fault: isNewer ? `it is of version ${version}` : 'its header is damaged' }
  }
  if (checksum !== snapshotChecksum) return { lines: 0, fault: '' }
  for (const [index, line] of lines.entries()) {
    const body = bodyOf(line, checksum, index + 1)
    if (body === undefined) {
      // By the numbers that they say: where a line feed is damaged, two lines count as one.
      const isWithin = lines
        .slice(index + 1)
        .some((each) => bodyOf(each, checksum, Number.parseInt(each, 10)) !== undefined)
      return { lines: index, fault: isWithin ? `its line ${index + 2} is damaged` : '' }
    }
    const changes: unknown = JSON.parse(body)
    if (!v.is(changesSchema, changes))
      return { lines: index, fault: `line ${index + 2} is no list of changes` }
    replay(changes as readonly Change[], contents)
  }
  return { lines: lines.length, fault: '' }
}

/** Undefined for a line that is not just as it was written, at its place. */
function bodyOf(line: string, snapshotChecksum: string, number: number): string | undefined {
  const body = line.slice(`${number} `.length + 64 + 1)
  const isWhole = line === `${number} ${lineChecksum(snapshotChecksum, number, body)} ${body}`
  return isWhole ? body : undefined
}

function lineChecksum(snapshotChecksum: string, number: number, body: string): string {
  return sha256(`${snapshotChecksum} ${number} ${body}`)
}

type Change = readonly [source: string, key: string, candidate: Candidate | null]

function replay(changes: readonly Change[], contents: Contents): void {
  for (const [source, key, candidate] of changes) {
    const known = contents.get(source) ?? new Map<string, Candidate>()
    contents.set(source, known)
    if (candidate === null) known.delete(key)
    else known.set(key, candidate)
  }
}

const changesSchema = v.array(v.tuple([v.string(), v.string(), v.nullable(candidateSchema)]))
