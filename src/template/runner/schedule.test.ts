import { expect, it } from 'vitest'
import { ManualClock } from '../../support/clock.ts'
import { Schedule } from './schedule.ts'

const wait = { minMs: 1000, maxMs: 4000 }
const never = new AbortController().signal

it('has every template due at first, whatever their waits', async () => {
  const schedule = new Schedule([wait, undefined], new ManualClock())
  expect(await schedule.take(never)).toEqual([0, 1])
})

it('has no wait before all were rendered once', async () => {
  const schedule = new Schedule([wait, undefined], new ManualClock())
  await schedule.take(never)
  schedule.changed([1, 0])
  expect(await schedule.take(never)).toEqual([0, 1])
})

it('then gathers changes of the one that waits, and lets the other go on', async () => {
  const clock = new ManualClock()
  const schedule = new Schedule([wait, undefined], clock)
  await schedule.take(never)
  schedule.settle()
  schedule.changed([0, 1])
  expect(await schedule.take(never)).toEqual([1])
  schedule.changed([0])
  const next = schedule.take(never)
  await clock.advance(1000)
  expect(await next).toEqual([0])
})

it('gives nothing once it is stopped, also to one who waits already', async () => {
  const schedule = new Schedule([undefined], new ManualClock())
  await schedule.take(never)
  const stop = new AbortController()
  const next = schedule.take(stop.signal)
  stop.abort()
  expect(await next).toBeUndefined()
  schedule.changed([0])
  expect(await schedule.take(stop.signal)).toBeUndefined()
})
