import type { Indexes } from './indexes.ts'

export type KvEntry = {
  readonly key: string
  readonly value: Buffer
  /** 0 to 2^53 - 1. */
  readonly flags: number
  readonly createIndex: number
  readonly modifyIndex: number
}

/** Deleted keys that are remembered, so that a reader of their prefix sees its index rise. */
const mostTombstones = 10_000
const mostPrefixIndexes = 1000

/** Consul's key-value store without sessions: keys in order, each with the index of its last change. */
export class KvStore {
  readonly #entries = new Map<string, KvEntry>()
  /** Sorted; undefined while nobody has asked since a key came or went. */
  #keys: readonly string[] | undefined
  readonly #tombstones = new Map<string, number>()
  /** Index of the newest deletion that is not remembered key by key. */
  #forgotten: number
  #tableIndex: number
  #bytes = 0
  readonly #indexes: Indexes
  readonly #onTouched: (keys: readonly string[]) => void
  /** Of prefixes that were asked for since the last change: many readers may ask for one. */
  #prefixIndexes = new Map<string, number>()

  /** @param onTouched told of the keys that came, changed or went. */
  constructor(indexes: Indexes, onTouched: (keys: readonly string[]) => void) {
    this.#indexes = indexes
    this.#onTouched = onTouched
    this.#forgotten = indexes.current
    this.#tableIndex = indexes.current
  }

  /** Takes up what an earlier run kept; before anything else. */
  restore(entries: readonly KvEntry[]): void {
    for (const entry of entries) {
      this.#entries.set(entry.key, entry)
      this.#bytes += sizeOf(entry)
    }
    this.#keys = undefined
    this.#prefixIndexes = new Map()
    this.#forgotten = this.#indexes.current
    this.#tableIndex = this.#indexes.current
  }

  entries(): Iterable<KvEntry> {
    return this.#entries.values()
  }

  /** Of all keys and values. */
  get bytes(): number {
    return this.#bytes
  }

  get(key: string): KvEntry | undefined {
    return this.#entries.get(key)
  }

  /** Keys that begin so, in order. */
  keysUnder(prefix: string): readonly string[] {
    this.#keys ??= [...this.#entries.keys()].sort()
    const from = this.#keys.slice(firstAtLeast(this.#keys, prefix))
    const end = from.findIndex((key) => !key.startsWith(prefix))
    return end < 0 ? from : from.slice(0, end)
  }

  /** A key's own index; that of the table for one that is not there. */
  indexOf(key: string): number {
    return this.#entries.get(key)?.modifyIndex ?? this.#tableIndex
  }

  /** The newest change or deletion under a prefix; that of the table where there was none. */
  indexUnder(prefix: string): number {
    let index = this.#prefixIndexes.get(prefix)
    if (index !== undefined) return index
    index = 0
    for (const key of this.keysUnder(prefix)) index = Math.max(index, this.indexOf(key))
    for (const [key, deleted] of this.#tombstones) {
      if (key.startsWith(prefix)) index = Math.max(index, deleted)
    }
    index = index === 0 ? this.#tableIndex : Math.max(index, this.#forgotten)
    if (this.#prefixIndexes.size < mostPrefixIndexes) this.#prefixIndexes.set(prefix, index)
    return index
  }

  /** Sets a key, as long as its index is `ifIndex` (0: it is not there); says whether it did. */
  put(key: string, value: Buffer, flags: number, ifIndex?: number): boolean {
    const before = this.#entries.get(key)
    if (ifIndex !== undefined && (before?.modifyIndex ?? 0) !== ifIndex) return false
    // The same again changes nothing and wakes nobody.
    if (before !== undefined && before.flags === flags && before.value.equals(value)) return true
    const index = this.#indexes.next()
    const entry = {
      key,
      value,
      flags,
      createIndex: before?.createIndex ?? index,
      modifyIndex: index,
    }
    if (before === undefined) this.#keys = undefined
    this.#bytes += sizeOf(entry) - (before === undefined ? 0 : sizeOf(before))
    this.#entries.set(key, entry)
    this.#tombstones.delete(key)
    this.#changed(index, [key])
    return true
  }

  /** Deletes a key, as long as its index is `ifIndex`; says whether it is gone. */
  delete(key: string, ifIndex?: number): boolean {
    const before = this.#entries.get(key)
    if (ifIndex !== undefined && before?.modifyIndex !== ifIndex) return before === undefined
    if (before !== undefined) this.#remove([before])
    return true
  }

  deleteUnder(prefix: string): void {
    const gone = this.keysUnder(prefix).flatMap((key) => this.#entries.get(key) ?? [])
    if (gone.length > 0) this.#remove(gone)
  }

  #remove(gone: readonly KvEntry[]): void {
    const index = this.#indexes.next()
    this.#keys = undefined
    for (const entry of gone) {
      this.#entries.delete(entry.key)
      this.#tombstones.delete(entry.key)
      this.#tombstones.set(entry.key, index)
      this.#bytes -= sizeOf(entry)
    }
    for (const [key, deleted] of this.#tombstones) {
      if (this.#tombstones.size <= mostTombstones) break
      this.#tombstones.delete(key)
      this.#forgotten = Math.max(this.#forgotten, deleted)
    }
    this.#changed(
      index,
      gone.map(({ key }) => key),
    )
  }

  #changed(index: number, keys: readonly string[]): void {
    this.#tableIndex = index
    this.#prefixIndexes = new Map()
    this.#onTouched(keys)
  }
}

function firstAtLeast(sorted: readonly string[], key: string): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle] ?? '') < key) low = middle + 1
    else high = middle
  }
  return low
}

function sizeOf({ key, value }: KvEntry): number {
  return Buffer.byteLength(key) + value.length
}
