import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { ChangeReport, GenerationReport } from '../api/contract.ts'
import type { DesiredState } from '../model/desired-state.ts'
import { FairleadError, messageOf } from '../model/errors.ts'
import { readSegment, reportOf, stateAfter, type ReadSegment } from './segment.ts'

/** A generation that is not kept, or cannot be gone back to. Codes `not_found`, `usage`. */
export class HistoryError extends FairleadError {}

/** A file of the history folder. */
export type SegmentFile = {
  readonly path: string
  /** Number of its first generation. */
  readonly first: number
  readonly bytes: number
}

/** A generation with the desired state that it was about. */
export type Generation = { readonly report: GenerationReport; readonly state: DesiredState }

export function segmentPath(folder: string, first: number): string {
  return join(folder, `${String(first).padStart(12, '0')}.log`)
}

/** The segments, oldest first. A folder that is not there has none. */
export async function listSegments(folder: string): Promise<SegmentFile[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  const found: SegmentFile[] = []
  for (const name of names) {
    const first = Number(/^(\d{12})\.log$/.exec(name)?.[1])
    if (!(first > 0)) continue
    const path = join(folder, name)
    found.push({ path, first, bytes: (await stat(path)).size })
  }
  return found.toSorted((one, other) => one.first - other.first)
}

/** What is whole of a segment; a file that cannot be read is a fault too. */
export async function openSegment(path: string): Promise<ReadSegment> {
  try {
    return readSegment(await readFile(path, 'utf8'))
  } catch (error) {
    return { lines: [], fault: messageOf(error) }
  }
}

/** The newest generations that are kept, newest last; only those before `before` if it is given. */
export async function keptHistory(
  folder: string,
  most: number,
  before = Infinity,
): Promise<readonly ChangeReport[]> {
  const segments = (await listSegments(folder)).filter(({ first }) => first < before)
  let found: readonly ChangeReport[] = []
  for (const { path } of segments.toReversed()) {
    if (found.length >= most) break
    const { lines } = await openSegment(path)
    const wanted = lines.filter(({ number }) => number < before)
    const reports = wanted.slice(-(most - found.length)).map(reportOf)
    found = [...reports.map(changeOf), ...found]
  }
  return found
}

/** As `keptGeneration`; throws HistoryError `not_found`. */
export async function requireGeneration(folder: string, number: number): Promise<Generation> {
  const found = await keptGeneration(folder, number)
  if (found !== undefined) return found
  throw notKept(number)
}

export function notKept(number: number): HistoryError {
  return new HistoryError('not_found', `generation ${number} is not kept`, {
    hint: '`fairlead history` lists those that are',
  })
}

/** What a list says of a generation. */
export function changeOf(report: GenerationReport): ChangeReport {
  const fields = Object.entries(report).filter(([name]) => !details.has(name))
  return Object.fromEntries(fields) as unknown as ChangeReport
}

/** What only one generation alone is told with. */
const details: ReadonlySet<string> = new Set(['commandTexts', 'problems'])

/** Undefined when it is not kept. */
export async function keptGeneration(
  folder: string,
  number: number,
): Promise<Generation | undefined> {
  const segments = await listSegments(folder)
  const segment = segments.findLast(({ first }) => first <= number)
  if (segment === undefined) return undefined
  const { lines } = await openSegment(segment.path)
  const at = lines.findIndex((line) => line.number === number)
  const line = lines[at]
  if (line === undefined) return undefined
  return { report: reportOf(line), state: stateAfter(lines.slice(0, at + 1)) }
}
