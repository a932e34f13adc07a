import fc from 'fast-check'
import { expect, it } from 'vitest'
import { endpoint } from '../../test/support/routing.ts'
import { cut, type Stretch } from './pieces.ts'

const known = Array.from({ length: 400 }, (_, index) => endpoint(`c${index}`))
const numbers = fc.uniqueArray(fc.nat(399), { maxLength: 400 })

function cutOf(before: readonly Stretch[], numbersAfter: readonly number[]): Stretch[] {
  const old = before.flatMap(({ endpoints }) => endpoints)
  const after = numbersAfter.toSorted((a, b) => a - b).flatMap((number) => known[number] ?? [])
  const { head, fresh, tail } = cut(before, old, after)
  return [...head, ...fresh.map((endpoints) => ({ endpoints })), ...tail]
}

it('cuts alike, whatever came before', () => {
  fc.assert(
    fc.property(numbers, numbers, fc.nat(399), fc.nat(399), (first, second, from, to) => {
      const before = cutOf([], first)
      // Another list altogether, and one that differs in a stretch only.
      const within = (number: number): boolean => number >= from && number < to
      const part = [...first.filter((each) => !within(each)), ...second.filter(within)]
      for (const after of [second, part]) expect(cutOf(before, after)).toEqual(cutOf([], after))
      const start = first.filter((number) => number < from)
      expect(cutOf(cutOf([], start), first)).toEqual(cutOf([], first))
    }),
  )
})

it('keeps all but the few stretches that a change is in', () => {
  const all = known.map((_, index) => index)
  const before = cutOf([], all)
  expect(before.length).toBeGreaterThan(3)
  for (const gone of all) {
    const after = cutOf(before, all.toSpliced(gone, 1))
    expect(before.filter((each) => !after.includes(each)).length).toBeLessThanOrEqual(2)
  }
})
