import type { KvEntry, KvStore } from './kv-store.ts'
import { kvTopics } from './kv-topics.ts'
import type { View } from './views.ts'

/** `GET /v1/kv/:key`; undefined when it is not there. */
export function kvView(store: KvStore, key: string): View {
  return {
    key: `kv key ${key}`,
    topics: [kvTopics.key(key)],
    index: () => store.indexOf(key),
    value: () => {
      const entry = store.get(key)
      return entry === undefined ? undefined : [wireEntry(entry)]
    },
  }
}

/** `GET /v1/kv/:prefix?recurse`; undefined when there is nothing. */
export function kvTreeView(store: KvStore, prefix: string): View {
  return {
    key: `kv under ${prefix}`,
    topics: [kvTopics.prefix(prefix)],
    index: () => store.indexUnder(prefix),
    value: () => {
      const entries = store.keysUnder(prefix).flatMap((key) => store.get(key) ?? [])
      return entries.length === 0 ? undefined : entries.map(wireEntry)
    },
  }
}

/** `GET /v1/kv/:prefix?keys&separator=`; undefined when there is none, but not of the whole store. */
export function kvKeysView(store: KvStore, prefix: string, separator: string): View {
  return {
    key: `kv keys ${JSON.stringify([prefix, separator])}`,
    topics: [kvTopics.prefix(prefix)],
    index: () => store.indexUnder(prefix),
    value: () => {
      const keys = store.keysUnder(prefix).map((key) => upTo(key, prefix, separator))
      return keys.length === 0 && prefix !== '' ? undefined : [...new Set(keys)]
    },
  }
}

/** A key up to the first separator after the prefix. */
function upTo(key: string, prefix: string, separator: string): string {
  const at = separator === '' ? -1 : key.indexOf(separator, prefix.length)
  return at < 0 ? key : key.slice(0, at + separator.length)
}

function wireEntry({ key, value, flags, createIndex, modifyIndex }: KvEntry): object {
  return {
    LockIndex: 0,
    Key: key,
    Flags: flags,
    Value: value.length === 0 ? null : value.toString('base64'),
    CreateIndex: createIndex,
    ModifyIndex: modifyIndex,
  }
}
