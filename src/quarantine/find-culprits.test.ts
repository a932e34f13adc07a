import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findCulprits } from './find-culprits.ts'

function counting<T>(isGood: (items: readonly T[]) => boolean) {
  const asked: (readonly T[])[] = []
  return {
    asked,
    isGood: (items: readonly T[]): Promise<boolean> => {
      asked.push(items)
      return Promise.resolve(isGood(items))
    },
  }
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

describe('the search for culprits', () => {
  it('asks nothing about one item alone', async () => {
    const { asked, isGood } = counting<number>(() => false)
    expect(await findCulprits([7], isGood, 10)).toEqual({ culprits: [7], undecided: [] })
    expect(asked).toEqual([])
  })

  it('finds one among a thousand with at most twenty questions', async () => {
    for (const bad of [0, 1, 499, 500, 998, 999]) {
      const { asked, isGood } = counting<number>((items) => !items.includes(bad))
      expect((await findCulprits(numbers(1000), isGood, 100)).culprits).toEqual([bad])
      expect(asked.length).toBeLessThanOrEqual(20)
    }
  })

  it('takes of two that do not go together the later one', async () => {
    const { isGood } = counting<number>((items) => !(items.includes(2) && items.includes(9)))
    expect((await findCulprits(numbers(16), isGood, 100)).culprits).toEqual([9])
  })

  it('leaves undecided what it has no questions left for', async () => {
    const { asked, isGood } = counting<number>((items) => items.every((each) => each % 2 === 0))
    const { culprits, undecided } = await findCulprits(numbers(64), isGood, 10)
    expect(asked).toHaveLength(10)
    expect(undecided.length).toBeGreaterThan(0)
    expect([...culprits, ...undecided]).toEqual(expect.arrayContaining([1, 63]))
  })

  it('finds all that are bad by themselves and no other, within its bound', async () => {
    const cases = fc.integer({ min: 1, max: 200 }).chain((count) =>
      fc.record({
        count: fc.constant(count),
        bad: fc.uniqueArray(fc.nat(count - 1), { minLength: 1, maxLength: 5 }),
      }),
    )
    await fc.assert(
      fc.asyncProperty(cases, async ({ count, bad }) => {
        const { asked, isGood } = counting<number>(
          (items) => !items.some((each) => bad.includes(each)),
        )
        const { culprits, undecided } = await findCulprits(numbers(count), isGood, 10_000)
        expect(culprits).toEqual(bad.toSorted((one, other) => one - other))
        expect(undecided).toEqual([])
        const most = 2 * bad.length * Math.ceil(Math.log2(count))
        expect(asked.length).toBeLessThanOrEqual(most)
      }),
    )
  })

  it('leaves over what is good together, and to which no culprit can be added', async () => {
    const pairs = fc.array(fc.tuple(fc.nat(29), fc.nat(29)), { minLength: 1, maxLength: 6 })
    await fc.assert(
      fc.asyncProperty(pairs, async (conflicts) => {
        const isFine = (items: readonly number[]): boolean =>
          conflicts.every(([one, other]) => !items.includes(one) || !items.includes(other))
        const { isGood } = counting<number>(isFine)
        const { culprits } = await findCulprits(numbers(30), isGood, 10_000)
        const rest = numbers(30).filter((each) => !culprits.includes(each))
        expect(isFine(rest)).toBe(true)
        for (const each of culprits) expect(isFine([...rest, each])).toBe(false)
      }),
    )
  })
})
