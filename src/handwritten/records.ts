import { createHash } from 'node:crypto'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Change } from '../haproxy/diff/plan.ts'
import type { WorkerIdentity } from '../haproxy/runtime/worker-dialects.ts'
import { messageOf } from '../model/errors.ts'
import { writeFileAtomic } from '../support/atomic-file.ts'
import { makeOwnFolder } from '../support/own-folder.ts'
import { sourceOf } from './config-source.ts'
import type { ConfigPart, ConfigSource } from './config-source.ts'
import { HandwrittenError } from './errors.ts'

/** A whole configuration: its parts, and what is in the files that they name. */
export type LoadedText = {
  readonly isFolder: boolean
  readonly parts: readonly ConfigPart[]
  /** As named in the text → content, certificates and the like as digests. */
  readonly files: ReadonlyMap<string, string>
}

/** What a worker was verified to run. */
export type LoadedRecord = LoadedText & {
  /** Unix ms. */
  readonly at: number
  readonly worker: WorkerIdentity
}

/** Written before the first command or file is changed, removed when HAProxy was verified. */
export type Intent = {
  readonly at: number
  readonly how: 'runtime' | 'reload'
  /** What was to be changed; empty where that is not known beforehand. */
  readonly kinds: readonly Change['kind'][]
  /** The one that ran then. */
  readonly worker: WorkerIdentity
  /** What was on disk, as it is to be put back. */
  readonly before: readonly ConfigPart[]
  readonly next: LoadedText
}

/** What fairlead keeps of one HAProxy that it does not run itself, in a folder of its own, 0600. */
export class Records {
  readonly folder: string

  /**
   * `stateFolder`: fairlead's. The file or folder that HAProxy loads says which HAProxy; of two with
   * the same one, the worker's identity tells them apart.
   */
  constructor(stateFolder: string, livePath: string) {
    this.folder = join(stateFolder, 'applied', hashOf(livePath).slice(0, 16))
  }

  get lockPath(): string {
    return join(this.folder, 'lock')
  }

  /** Undefined where there is none, or it is not whole. */
  readLoaded(): Promise<LoadedRecord | undefined> {
    return readRecord<LoadedRecord>(this.#path('loaded'), isLoaded)
  }

  readIntent(): Promise<Intent | undefined> {
    return readRecord<Intent>(this.#path('intent'), isIntent)
  }

  /** Throws StateWriteError, FolderError. */
  async writeLoaded(record: LoadedRecord): Promise<void> {
    await this.#write('loaded', record)
  }

  async writeIntent(intent: Intent): Promise<void> {
    await this.#write('intent', intent)
  }

  async forgetIntent(): Promise<void> {
    await rm(this.#path('intent'), { force: true })
  }

  #path(name: 'loaded' | 'intent'): string {
    return join(this.folder, `${name}.json`)
  }

  async #write(name: 'loaded' | 'intent', record: LoadedRecord | Intent): Promise<void> {
    await makeOwnFolder(this.folder)
    const text = JSON.stringify(record, mapAsEntries)
    const sha256 = hashOf(text)
    await writeFileAtomic(this.#path(name), `${JSON.stringify({ sha256, record: text })}\n`)
  }
}

export function sourceOfLoaded(live: string, loaded: LoadedText): ConfigSource {
  return sourceOf(live, loaded.isFolder, loaded.parts)
}

export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

export function isSameWorker(a: WorkerIdentity, b: WorkerIdentity): boolean {
  return a.pid === b.pid && a.startedAtSeconds === b.startedAtSeconds
}

export function isSameParts(a: readonly ConfigPart[], b: readonly ConfigPart[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ path, text }, index) => path === b[index]?.path && text === b[index].text)
  )
}

async function readRecord<T>(
  path: string,
  isWhole: (value: unknown) => boolean,
): Promise<T | undefined> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new HandwrittenError('usage', `cannot read what was kept: ${messageOf(error)}`, {
      hint: 'name a state folder of your own with --state-folder',
      cause: error,
    })
  }
  try {
    const outer = JSON.parse(text) as { sha256?: unknown; record?: unknown }
    if (typeof outer.record !== 'string' || hashOf(outer.record) !== outer.sha256) return undefined
    const value: unknown = JSON.parse(outer.record, filesAsMap)
    return isWhole(value) ? (value as T) : undefined
  } catch {
    // Torn or changed by hand: what HAProxy says decides then, as where nothing was kept.
    return undefined
  }
}

function mapAsEntries(_: string, value: unknown): unknown {
  return value instanceof Map ? [...value] : value
}

function filesAsMap(key: string, value: unknown): unknown {
  return key === 'files' && Array.isArray(value) ? new Map(value as [string, string][]) : value
}

function isLoaded(value: unknown): boolean {
  const record = value as Partial<LoadedRecord> | null
  return isText(record) && isWorker(record?.worker)
}

function isIntent(value: unknown): boolean {
  const intent = value as Partial<Intent> | null
  return isText(intent?.next) && isWorker(intent?.worker) && Array.isArray(intent?.before)
}

function isText(value: Partial<LoadedText> | null | undefined): boolean {
  return Array.isArray(value?.parts) && value.files instanceof Map
}

function isWorker(value: WorkerIdentity | undefined): boolean {
  return Number.isInteger(value?.pid) && Number.isInteger(value?.startedAtSeconds)
}
