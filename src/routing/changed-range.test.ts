import { array, assert, constantFrom, property } from 'fast-check'
import { expect, it } from 'vitest'
import { changedRange } from './changed-range.ts'

it('is empty for equal lists', () => {
  const list = [{}, {}]
  const { start, endBefore, endAfter } = changedRange(list, [...list])
  expect([endBefore - start, endAfter - start]).toEqual([0, 0])
})

it('leads from the old list to the new one', () => {
  const objects = Array.from({ length: 6 }, (_, index) => ({ index }))
  const lists = array(constantFrom(...objects), { maxLength: 8 })
  assert(
    property(lists, lists, (before, after) => {
      const { start, endBefore, endAfter } = changedRange(before, after)
      const rebuilt = [
        ...before.slice(0, start),
        ...after.slice(start, endAfter),
        ...before.slice(endBefore),
      ]
      expect(rebuilt).toEqual(after)
    }),
  )
})
