import type { Topic } from './waits.ts'

const prefixMark = 'kv under '

/** What blocked readers of the key-value store wait on. */
export const kvTopics = {
  key: (key: string): Topic => `kv key ${key}`,
  prefix: (prefix: string): Topic => prefixMark + prefix,
}

/**
 * The topics of changed keys, of prefixes only those that may be waited on: a key of thousands of
 * characters has as many prefixes.
 */
export function touchedTopics(keys: readonly string[], waitedOn: Iterable<Topic>): Set<Topic> {
  const lengths = new Set<number>()
  for (const topic of waitedOn) {
    if (topic.startsWith(prefixMark)) lengths.add(topic.length - prefixMark.length)
  }
  const touched = new Set<Topic>()
  for (const key of keys) {
    touched.add(kvTopics.key(key))
    for (const length of lengths) {
      if (length <= key.length) touched.add(kvTopics.prefix(key.slice(0, length)))
    }
  }
  return touched
}
