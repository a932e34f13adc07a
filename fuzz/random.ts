/** Numbers that look random and are the same for the same seed. */
export type Random = {
  /** A whole number from 0 to below `end`. */
  readonly below: (end: number) => number
  /** Throws RangeError for an empty list. */
  readonly pick: <T>(items: readonly T[]) => T
}

/** Each run of each target has its own, so that one run can be done again by itself. */
export function randomOf(seed: number, target: string, run: number): Random {
  let state = seed ^ Math.imul(run + 1, 0x9e3779b1)
  for (const character of target)
    state = Math.imul(state ^ (character.codePointAt(0) ?? 0), 0x01000193)
  // Mulberry32.
  const next = (): number => {
    state = Math.trunc(state + 0x6d2b79f5)
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (end: number): number => Math.floor(next() * end)
  const pick: Random['pick'] = (items) => {
    const index = below(items.length)
    for (const item of items.slice(index, index + 1)) return item
    throw new RangeError('nothing to pick from')
  }
  return { below, pick }
}
