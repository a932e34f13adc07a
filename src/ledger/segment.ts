import { createHash } from 'node:crypto'
import type { GenerationReport } from '../api/contract.ts'
import type { DesiredState } from '../model/desired-state.ts'
import { applyStateDelta, emptyState, type StateDelta } from './state-delta.ts'

// A segment of the history: a header line, then one line for each generation,
// `<number> <checksum> <what is said of it as JSON> TAB <its state told by the one before as JSON>`.
// The first is told by the empty state, so that a segment can be read without the others. Each
// checksum counts in the one before: a line counts whole or not at all, and only after all before it.

const magic = 'fairlead-history'
const formatVersion = 1

/** A generation as it stands in a segment. */
export type KeptLine = {
  readonly number: number
  readonly said: string
  readonly delta: string
}

export type ReadSegment = {
  /** Those that are whole, in their order. */
  readonly lines: readonly KeptLine[]
  /** Why the rest does not count; empty when the segment is whole. */
  readonly fault: string
}

export function encodeHeader(first: number): string {
  return `${magic} ${formatVersion} ${first}\n`
}

/** `before`: the checksum of the line before; empty for the first. */
export function encodeLine(
  report: GenerationReport,
  delta: StateDelta,
  before: string,
): { readonly line: string; readonly checksum: string } {
  const body = `${JSON.stringify(report)}\t${JSON.stringify(delta)}`
  const checksum = checksumOf(before, report.id, body)
  return { line: `${report.id} ${checksum} ${body}\n`, checksum }
}

/** Reads what is whole of a segment, from its start to its end or its first fault. */
export function readSegment(text: string): ReadSegment {
  const headerEnd = text.indexOf('\n')
  const [word, version] = text.slice(0, Math.max(0, headerEnd)).split(' ')
  if (word !== magic) return { lines: [], fault: 'its header is damaged' }
  if (version !== String(formatVersion)) return { lines: [], fault: `it is of version ${version}` }
  const lines: KeptLine[] = []
  let before = ''
  for (let at = headerEnd + 1; at < text.length;) {
    const end = text.indexOf('\n', at)
    if (end === -1) return { lines, fault: 'its last line was cut off' }
    const line = readLine(text.slice(at, end), before)
    if (line === undefined) return { lines, fault: `its line ${lines.length + 2} is damaged` }
    lines.push(line)
    before = line.checksum
    at = end + 1
  }
  return { lines, fault: '' }
}

function readLine(line: string, before: string): (KeptLine & { checksum: string }) | undefined {
  const [number = '', checksum = ''] = line.split(' ', 2)
  const body = line.slice(number.length + checksum.length + 2)
  if (checksumOf(before, Number(number), body) !== checksum) return undefined
  const tab = body.indexOf('\t')
  return {
    number: Number(number),
    checksum,
    said: body.slice(0, tab),
    delta: body.slice(tab + 1),
  }
}

export function reportOf({ said }: KeptLine): GenerationReport {
  return JSON.parse(said) as GenerationReport
}

/** The states of the first lines, of which the last is wanted. */
export function stateAfter(lines: readonly KeptLine[]): DesiredState {
  let state = emptyState
  for (const { delta } of lines) state = applyStateDelta(state, JSON.parse(delta) as StateDelta)
  return state
}

function checksumOf(before: string, number: number, body: string): string {
  const hash = createHash('sha256').update(`${before} ${number} `).update(body)
  return hash.digest('hex').slice(0, 32)
}
