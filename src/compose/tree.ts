import { FairleadError } from '../model/errors.ts'
import type { Problem } from '../model/problem.ts'

/** Where something stands in a file; both count from 1. */
export type Position = {
  /** As it is shown: relative to where the command was started. */
  readonly file: string
  readonly line: number
  readonly column: number
}

/** A YAML value with its places; aliases and merge keys are already followed. */
export type Value = Scalar | List | Mapping

/** What Compose's own tags say about merging (compose-spec, Merge: reset value, replace value). */
export type MergeTag = 'reset' | 'override' | undefined

export type Scalar = {
  readonly kind: 'scalar'
  /** As Compose makes a string of it; empty for null. */
  readonly text: string
  readonly isNull: boolean
  readonly at: Position
  readonly tag: MergeTag
}

export type List = {
  readonly kind: 'list'
  readonly items: readonly Value[]
  readonly at: Position
  readonly tag: MergeTag
}

export type Mapping = {
  readonly kind: 'map'
  readonly entries: ReadonlyMap<string, Entry>
  readonly at: Position
  readonly tag: MergeTag
}

/** `at`: of the key. */
export type Entry = { readonly value: Value; readonly at: Position }

/** A text from a file, with its place. */
export type Located = { readonly value: string; readonly at: Position }

/** Something to tell about the files. An error: what they want does not come about. */
export type Finding = Problem & {
  readonly level: 'error' | 'warning'
  readonly at: Position | undefined
}

/**
 * Files that cannot be read as Compose files at all; each mistake with its place. Code
 * `compose_unreadable`.
 */
export class ComposeError extends FairleadError {
  readonly mistakes: readonly Problem[]

  constructor(mistakes: readonly Problem[], options: { readonly cause?: unknown } = {}) {
    const lines = mistakes.map(({ where, what }) => `${where}: ${what}`)
    super('compose_unreadable', lines.join('; '), options)
    this.mistakes = mistakes
  }
}

export function shownPosition({ file, line, column }: Position): string {
  return `${file}:${line}:${column}`
}

export function mapping(entries: ReadonlyMap<string, Entry>, at: Position): Mapping {
  return { kind: 'map', entries, at, tag: undefined }
}

export function scalar(text: string, at: Position): Scalar {
  return { kind: 'scalar', text, isNull: false, at, tag: undefined }
}

/** The value under a key of a mapping; undefined where there is none, or nothing in it. */
export function valueAt(value: Value | undefined, key: string): Value | undefined {
  const found = value?.kind === 'map' ? value.entries.get(key)?.value : undefined
  return found?.kind === 'scalar' && found.isNull ? undefined : found
}

export function textAt(value: Value | undefined, key: string): string | undefined {
  const found = valueAt(value, key)
  return found?.kind === 'scalar' ? found.text : undefined
}

/** The scalars of a list, or the one that stands in place of a list. */
export function textsAt(value: Value | undefined, key: string): readonly Located[] {
  const found = valueAt(value, key)
  const items = found?.kind === 'list' ? found.items : found === undefined ? [] : [found]
  return items.flatMap((item) =>
    item.kind === 'scalar' ? [{ value: item.text, at: item.at }] : [],
  )
}

export function entriesAt(value: Value | undefined, key: string): ReadonlyMap<string, Entry> {
  const found = valueAt(value, key)
  return found?.kind === 'map' ? found.entries : new Map<string, Entry>()
}
