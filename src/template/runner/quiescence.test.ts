import { expect, it } from 'vitest'
import { ManualClock } from '../../support/clock.ts'
import { Quiescence } from './quiescence.ts'

/** The times, from the start, at which it was quiet after changes at the given times. */
async function quietTimes(
  wait: { minMs: number; maxMs: number },
  changesAtMs: readonly number[],
): Promise<readonly number[]> {
  const clock = new ManualClock(0)
  const times: number[] = []
  const quiescence = new Quiescence(wait, clock, () => times.push(clock.now()))
  for (const atMs of changesAtMs) {
    await clock.advance(atMs - clock.now())
    quiescence.tick()
  }
  await clock.advance(100_000)
  return times
}

const wait = { minMs: 5000, maxMs: 20_000 }

it.each([
  ['one change waits the least time', [0], [5000]],
  ['each further change starts it anew', [0, 4000, 8000], [13_000]],
  ['but not beyond the longest time', [0, 4000, 8000, 12_000, 16_000, 19_000], [20_000]],
  ['a change after it was quiet starts both times anew', [0, 6000, 10_000], [5000, 15_000]],
  ['a change in the moment of the deadline belongs to the next', [0, 4999, 20_000], [9999, 25_000]],
])('%s', async (_what, changes, quiet) => {
  expect(await quietTimes(wait, changes)).toEqual(quiet)
})

it('no longer than the longest time, if that is shorter than the least', async () => {
  expect(await quietTimes({ minMs: 5000, maxMs: 1000 }, [0])).toEqual([1000])
})

it('says nothing once it is closed', async () => {
  const clock = new ManualClock()
  let count = 0
  const quiescence = new Quiescence(wait, clock, () => count++)
  quiescence.tick()
  quiescence.close()
  await clock.advance(60_000)
  expect(count).toBe(0)
})
