import {
  escapeWord,
  mostPayloadBytes,
  unsendable,
  versionMark,
  withPayload,
} from '../runtime/words.ts'
import { fileLabel } from './file-label.ts'
import { isReference, readMapFile } from './map-file.ts'
import type { MapLine } from './map-file.ts'
import type { Change } from './plan.ts'
import type { Step } from './steps.ts'

/**
 * So many changes are sent one by one, at most; with more, or where that would not lead to the same
 * map, all entries are replaced at once. On 2.6 HAProxy looks through the whole map for each key: a
 * change takes 0.02 ms among 1,000 entries and 0.14 ms among 10,000, all entries anew 5 and 57 ms.
 */
export function mostSingleChanges(entries: number): number {
  return Math.max(20, Math.min(entries / 4, 400))
}

/**
 * What must be done so that a loaded map has the entries of another file, or why only a reload can.
 * `isOrdered`: the first match counts, not the longest or only one.
 */
export function planMap(
  path: string,
  old: string,
  content: string,
  isOrdered: boolean,
): Step[] | string {
  const [before, after] = [readMapFile(old), readMapFile(content)]
  if (before === undefined || after === undefined) {
    return 'has entries that cannot be changed at runtime'
  }
  const steps = singleSteps(path, before, after, isOrdered) ?? [replaceAll(path, before, after)]
  const commands = steps.flatMap(({ change }) => change.commands)
  const isSendable = commands.every((command) => unsendable(command) === undefined)
  return isSendable ? steps : 'has an entry that cannot be sent as a command'
}

/** Undefined where single commands would not lead to the same map, or take longer. */
function singleSteps(
  path: string,
  before: readonly MapLine[],
  after: readonly MapLine[],
  isOrdered: boolean,
): Step[] | undefined {
  const [from, to] = [byKey(before), byKey(after)]
  if (from === undefined || to === undefined) return isSameList(before, after) ? [] : undefined
  if (isOrdered && !onlyAppends(from, to)) return undefined
  if (differences(from, to) > mostSingleChanges(after.length)) return undefined
  const steps = entrySteps(path, from, to)
  const isClear = steps.every(({ words }) => !words.some(isReference))
  return isClear ? steps.map(({ step }) => step) : undefined
}

/** How many entries are set, added or deleted. */
function differences(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): number {
  let count = 0
  for (const [key, value] of after) if (before.get(key) !== value) count += 1
  for (const key of before.keys()) if (!after.has(key)) count += 1
  return count
}

/** Undefined when a key is there twice: `set map` and `del map` would mean all of its entries. */
function byKey(entries: readonly MapLine[]): Map<string, string> | undefined {
  const values = new Map(entries.map(({ key, value }) => [key, value]))
  return values.size === entries.length ? values : undefined
}

function isSameList(before: readonly MapLine[], after: readonly MapLine[]): boolean {
  if (before.length !== after.length) return false
  return after.every(({ key, value }, index) => {
    return before[index]?.key === key && before[index].value === value
  })
}

/** Whether `after` is `before` without some entries, and new ones only at its end. */
function onlyAppends(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): boolean {
  const expected = [...before.keys()].filter((key) => after.has(key))
  const keys = after.keys()
  return expected.every((key) => keys.next().value === key)
}

/** A step with the words that HAProxy might take for a reference. */
type EntryStep = { readonly step: Step; readonly words: readonly string[] }

function entrySteps(
  path: string,
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): EntryStep[] {
  const label = fileLabel('map', path)
  const file = escapeWord(path)
  const steps: EntryStep[] = []
  const add = (
    stage: Step['stage'],
    what: string,
    verb: string,
    words: readonly string[],
  ): void => {
    const command = [verb, 'map', file, ...words.map(escapeWord)].join(' ')
    const change: Change = { kind: 'map-entry', summary: `${label}: ${what}`, commands: [command] }
    steps.push({ step: { stage, change }, words })
  }
  for (const [key, value] of after) {
    const old = before.get(key)
    if (old === value) continue
    // `add map` on a key that exists would make a second entry, `set map` needs one.
    if (old === undefined) add('map-set', `+ ${key} → ${value}`, 'add', [key, value])
    else add('map-set', `~ ${key} ${old} → ${value}`, 'set', [key, value])
  }
  for (const key of before.keys()) {
    if (!after.has(key)) add('map-delete', `- ${key}`, 'del', [key])
  }
  return steps
}

/** All entries at once: a new version is filled beside the one in use, and takes its place. */
function replaceAll(path: string, before: readonly MapLine[], after: readonly MapLine[]): Step {
  const file = escapeWord(path)
  const add = (payload: string): string => withPayload(`add map ${versionMark} ${file}`, payload)
  const commands = [
    `prepare map ${file}`,
    ...piecesOf(after, mostPayloadBytes - Buffer.byteLength(add(''))).map(add),
    `commit map ${versionMark} ${file}`,
  ]
  const summary = `${fileLabel('map', path)}: all entries, ${before.length} → ${after.length}`
  return { stage: 'map-set', change: { kind: 'map-entry', summary, commands } }
}

/** The entries as lines, in pieces of at most so many bytes, but for a single line that is longer. */
function piecesOf(entries: readonly MapLine[], mostBytes: number): string[] {
  const pieces: string[] = []
  let lines: string[] = []
  let bytes = 0
  for (const { key, value } of entries) {
    const line = `${key} ${value}\n`
    const size = Buffer.byteLength(line)
    if (bytes + size > mostBytes && lines.length > 0) {
      pieces.push(lines.join(''))
      lines = []
      bytes = 0
    }
    lines.push(line)
    bytes += size
  }
  if (lines.length > 0) pieces.push(lines.join(''))
  return pieces
}
