/** What a search came to. */
export type Culprits<T> = {
  /** Each makes bad what was good without it. */
  readonly culprits: readonly T[]
  /** Some of them are bad; there were no calls left to tell which. */
  readonly undecided: readonly T[]
}

/**
 * Finds which of some items make a whole bad that is known to be bad, by halves. Items are taken in
 * their order: of two that only together are bad the later one is a culprit. What is left over
 * is good together, and none of the culprits could be added to it.
 *
 * Of n items with k culprits it asks about at most 2·k·⌈log2 n⌉ times, never more than `mostCalls`.
 */
export async function findCulprits<T>(
  items: readonly T[],
  isGood: (items: readonly T[]) => Promise<boolean>,
  mostCalls: number,
): Promise<Culprits<T>> {
  const accepted: T[] = []
  const culprits: T[] = []
  const undecided: T[] = []
  let calls = 0
  /** `isBad`: the group together with all that is accepted is known to be bad. */
  const search = async (group: readonly T[], isBad: boolean): Promise<void> => {
    if (group.length === 0) return
    if (!isBad) {
      if (calls >= mostCalls) return void undecided.push(...group)
      calls += 1
      if (await isGood([...accepted, ...group])) return void accepted.push(...group)
    }
    const [first, ...others] = group
    if (first !== undefined && others.length === 0) return void culprits.push(first)
    const middle = Math.ceil(group.length / 2)
    const before = culprits.length + undecided.length
    await search(group.slice(0, middle), false)
    const isLeftFine = culprits.length + undecided.length === before
    await search(group.slice(middle), isLeftFine)
  }
  await search(items, true)
  return { culprits, undecided }
}
