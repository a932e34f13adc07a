import type { AdminState, DesiredState } from '../model/desired-state.ts'
import { withoutKeys } from '../model/file-digest.ts'
import { lazy } from '../support/lazy.ts'
import { applyListDelta, applyTextDelta, listDelta, textDelta } from './text-delta.ts'
import type { ListDelta, TextDelta } from './text-delta.ts'

/**
 * What a desired state is, told by an older one; what is not given is as it was there. Plain JSON.
 * Told by `emptyState` it is a whole state.
 */
export type StateDelta = {
  /** The text's sections. */
  readonly text?: ListDelta
  /** The text is known as a whole only: one section that is all of it. */
  readonly isWhole?: boolean
  /** null: the file has gone. */
  readonly files?: readonly (readonly [path: string, content: TextDelta | null])[]
  /** null: listed no more. */
  readonly servers?: readonly (readonly [server: string, state: AdminState | null])[]
}

export const emptyState: DesiredState = {
  config: '',
  sections: [],
  files: new Map(),
  servers: new Map(),
}

/** Costs what changed, as long as what did not change is the same objects. */
export function stateDelta(before: DesiredState, after: DesiredState): StateDelta {
  const [old, now] = [sectionsOf(before), sectionsOf(after)]
  const text = old === now ? undefined : listDelta(old, now)
  const isSameText = text === undefined || (isOneRun(text, old.length) && old.length === now.length)
  const files = before.files === after.files ? [] : fileDeltas(before.files, after.files)
  const servers = before.servers === after.servers ? [] : entries(before.servers, after.servers)
  return {
    ...(isSameText ? {} : { text }),
    ...(after.sections === undefined ? { isWhole: true } : {}),
    ...(files.length === 0 ? {} : { files }),
    ...(servers.length === 0 ? {} : { servers }),
  }
}

export function applyStateDelta(before: DesiredState, delta: StateDelta): DesiredState {
  const old = sectionsOf(before)
  const sections = delta.text === undefined ? old : applyListDelta(old, delta.text)
  const files = new Map(before.files)
  for (const [path, content] of delta.files ?? []) {
    if (content === null) files.delete(path)
    else files.set(path, applyTextDelta(files.get(path) ?? '', content))
  }
  const servers = new Map(before.servers)
  for (const [server, state] of delta.servers ?? []) {
    if (state === null) servers.delete(server)
    else servers.set(server, state)
  }
  const config = lazy(() => sections.join(''))
  return {
    get config() {
      return config()
    },
    sections: delta.isWhole === true ? undefined : sections,
    files,
    servers,
  }
}

const kept = new WeakMap<ReadonlyMap<string, string>, ReadonlyMap<string, string>>()

/** The state as it may be kept: of files with private keys only a digest. */
export function asKept(state: DesiredState): DesiredState {
  const { sections, servers } = state
  const files = kept.get(state.files) ?? withoutKeys(state.files)
  kept.set(state.files, files)
  if (files === state.files) return state
  return {
    get config() {
      return state.config
    },
    sections,
    files,
    servers,
  }
}

function sectionsOf(state: DesiredState): readonly string[] {
  return state.sections ?? [state.config]
}

function isOneRun(delta: ListDelta, length: number): boolean {
  const [first, ...rest] = delta
  if (rest.length > 0 || !Array.isArray(first)) return length === 0 && delta.length === 0
  return first[0] === 0 && first[1] === length
}

function fileDeltas(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): NonNullable<StateDelta['files']> {
  return entries(before, after).map(([path, content]) => [
    path,
    content === null ? null : textDelta(before.get(path) ?? '', content),
  ])
}

/** The entries that are others, or have gone (null). */
function entries<V>(
  before: ReadonlyMap<string, V>,
  after: ReadonlyMap<string, V>,
): (readonly [string, V | null])[] {
  const changed: [string, V | null][] = []
  for (const [key, value] of after) if (before.get(key) !== value) changed.push([key, value])
  for (const key of before.keys()) if (!after.has(key)) changed.push([key, null])
  return changed
}
