import { gunzipSync, gzipSync } from 'node:zlib'
import type { Knowledge } from '../contract.ts'
import type { Dependency } from '../dependency.ts'
import { openSnapshot, snapshotText } from '../watch/snapshot.ts'

/** A few hundred kilobytes that somebody wrote there could become as many megabytes. */
const mostPlainBytes = 64 * 1024 * 1024

/** Answers as a text that fits into the key-value store: a snapshot, compressed, in base64. */
export function sharedText(used: readonly Dependency[], knowledge: Knowledge): string {
  const answers = used.flatMap((dependency) => {
    const answer = knowledge.recall(dependency)
    return answer === undefined ? [] : [{ name: dependency.name, kind: dependency.kind, answer }]
  })
  return gzipSync(snapshotText(answers)).toString('base64')
}

/** Undefined: it is no such text. */
export function readShared(text: string): Knowledge | undefined {
  try {
    const plain = gunzipSync(Buffer.from(text, 'base64'), { maxOutputLength: mostPlainBytes })
    return openSnapshot(plain.toString())
  } catch {
    return undefined
  }
}
