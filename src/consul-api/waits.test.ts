import { expect, it } from 'vitest'
import { ManualClock } from '../support/clock.ts'
import { Waits } from './waits.ts'

const never = (): AbortSignal => new AbortController().signal

/** Lets what has been resolved go on. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

it('looks only at those who wait on what changed, however many others there are', async () => {
  const waits = new Waits(new ManualClock(), 10_000)
  const asked: string[] = []
  const reader = (name: string): Promise<void> =>
    waits.until(
      [name],
      () => {
        asked.push(name)
        return true
      },
      60_000,
      never(),
    )
  for (let count = 0; count < 3000; count++) void reader(`other ${count}`)
  const mine = reader('mine')
  waits.touch(['mine', 'nobody'])
  await mine
  expect(asked).toEqual(['mine'])
  expect(waits.count).toBe(3000)
  waits.close()
  await turn()
  expect(waits.count).toBe(0)
})

it('goes on waiting while what changed is not what it waits for', async () => {
  const waits = new Waits(new ManualClock())
  let index = 5
  const waiting = waits.until(['a', 'b'], () => index > 5, 60_000, never())
  waits.touch(['a'])
  await turn()
  expect(waits.count).toBe(1)
  index = 6
  waits.touch(['b'])
  await waiting
  expect(waits.count).toBe(0)
})

it('ends when the time is over', async () => {
  const clock = new ManualClock()
  const waits = new Waits(clock)
  const waiting = waits.until(['a'], () => true, 1000, never())
  await clock.advance(999)
  expect(waits.count).toBe(1)
  await clock.advance(1)
  await waiting
  expect(waits.count).toBe(0)
})

it('is freed at once by a reader who goes', async () => {
  const waits = new Waits(new ManualClock())
  const reader = new AbortController()
  const waiting = waits.until(['a'], () => true, 60_000, reader.signal)
  reader.abort()
  await waiting
  expect(waits.count).toBe(0)
  await waits.until(['a'], () => true, 60_000, reader.signal)
})

it('refuses one more than may wait', async () => {
  const waits = new Waits(new ManualClock(), 2)
  const waiting = [1, 2].map(() => waits.until(['a'], () => true, 60_000, never()))
  const refused = waits.until(['a'], () => true, 60_000, never())
  await expect(refused).rejects.toMatchObject({ status: 429 })
  waits.touch(['a'])
  await Promise.all(waiting)
})

it('does not keep anybody once it is closed', async () => {
  const waits = new Waits(new ManualClock())
  waits.close()
  await waits.until(['a'], () => true, 60_000, never())
  expect(waits.count).toBe(0)
})
