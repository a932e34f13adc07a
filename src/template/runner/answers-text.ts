import { gunzipSync, gzipSync } from 'node:zlib'

/** Answers by the names of the dependencies. */
export type Answers = ReadonlyMap<string, unknown>

/**
 * Answers as a text that fits into the key-value store: JSON, compressed, base64. Maps and large
 * integers, which JSON does not have, are objects with one telling key; a field that is undefined
 * is left out, and reads as undefined again.
 */
export function answersText(answers: Answers): string {
  return gzipSync(JSON.stringify([...answers], toJson)).toString('base64')
}

/** Undefined: it is no such text. */
export function readAnswers(text: string): Answers | undefined {
  try {
    const json = gunzipSync(Buffer.from(text, 'base64')).toString()
    const pairs: unknown = JSON.parse(json, fromJson)
    return Array.isArray(pairs) ? new Map(pairs as [string, unknown][]) : undefined
  } catch {
    return undefined
  }
}

function toJson(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return { $integer: String(value) }
  return value instanceof Map ? { $map: [...value] } : value
}

function fromJson(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if ('$integer' in value) return BigInt(String(value.$integer))
  if ('$map' in value && Array.isArray(value.$map))
    return new Map(value.$map as [unknown, unknown][])
  return value
}
