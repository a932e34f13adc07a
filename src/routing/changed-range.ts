/** Where two lists differ: `before[start, endBefore)` has become `after[start, endAfter)`. */
export type ChangedRange = {
  readonly start: number
  readonly endBefore: number
  readonly endAfter: number
}

/**
 * The shortest stretch outside of which two lists hold the same objects in the same order. One
 * element added, removed or replaced gives a stretch of at most one, however long the lists.
 */
export function changedRange(before: readonly object[], after: readonly object[]): ChangedRange {
  const shorter = Math.min(before.length, after.length)
  let start = 0
  while (start < shorter && before[start] === after[start]) start++
  let endBefore = before.length
  let endAfter = after.length
  while (endBefore > start && endAfter > start && before[endBefore - 1] === after[endAfter - 1]) {
    endBefore--
    endAfter--
  }
  return { start, endBefore, endAfter }
}
