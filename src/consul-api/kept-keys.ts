import type { KvEntry, KvStore } from './kv-store.ts'

/** What is kept of the key-value store. */
export type KeptKeys = {
  /** The newest index when it was written. */
  readonly index: number
  /** Key, value in Base64, flags, create and modify index. */
  readonly entries: readonly (readonly [string, string, number, number, number])[]
}

export function keptKeys(store: KvStore, index: number): KeptKeys {
  return {
    index,
    entries: [...store.entries()].map(({ key, value, flags, createIndex, modifyIndex }) => [
      key,
      value.toString('base64'),
      flags,
      createIndex,
      modifyIndex,
    ]),
  }
}

export function restoredKeys(kept: KeptKeys | undefined): readonly KvEntry[] {
  return (kept?.entries ?? []).map(([key, value, flags, createIndex, modifyIndex]) => ({
    key,
    value: Buffer.from(value, 'base64'),
    flags,
    createIndex,
    modifyIndex,
  }))
}
