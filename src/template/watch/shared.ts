import { isDeepStrictEqual } from 'node:util'

/** `before` if `after` says the same, so that who compares by identity sees no change. */
export function kept<T>(before: T | undefined, after: T): T {
  return before !== undefined && isDeepStrictEqual(before, after) ? before : after
}

/**
 * `after` with those records of `before` that say the same, found again by their key; `before`
 * itself if nothing is different.
 */
export function keptRecords<T>(
  before: readonly T[],
  after: readonly T[],
  keyOf: (record: T) => string,
): readonly T[] {
  if (before.length === 0) return after.length === 0 ? before : after
  const known = new Map(before.map((record) => [keyOf(record), record]))
  return keptList(
    before,
    after.map((record) => kept(known.get(keyOf(record)), record)),
  )
}

/** `before` if it has the very same items in the same order. */
export function keptList<T>(before: readonly T[] | undefined, after: readonly T[]): readonly T[] {
  if (before === undefined || before.length !== after.length) return after
  return after.every((item, at) => item === before[at]) ? before : after
}
