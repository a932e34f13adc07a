import { describe, expect, it } from 'vitest'
import { ManualClock } from '../support/clock.ts'
import { Alarm, isDue } from './alarm.ts'

const { signal } = new AbortController()

describe('an alarm', () => {
  it('ends a sleep when it rings, or when the time is over', async () => {
    const clock = new ManualClock()
    const alarm = new Alarm(clock)
    const rung = alarm.sleep(1000, signal)
    alarm.ring()
    await rung
    expect(clock.now()).toBe(1_000_000)
    const slept = alarm.sleep(1000, signal)
    await clock.advance(1000)
    await slept
  })

  it('ends the next sleep at once when it rang while nobody slept, and only that', async () => {
    const clock = new ManualClock()
    const alarm = new Alarm(clock)
    alarm.ring()
    alarm.ring()
    await alarm.sleep(1000, signal)
    let isOver = false
    const second = alarm.sleep(1000, signal).then(() => (isOver = true))
    await clock.advance(999)
    expect(isOver).toBe(false)
    await clock.advance(1)
    await second
  })

  it('does not sleep once the signal has aborted', async () => {
    const stop = new AbortController()
    const sleeping = new Alarm(new ManualClock()).sleep(Number.POSITIVE_INFINITY, stop.signal)
    stop.abort()
    await sleeping
    await new Alarm(new ManualClock()).sleep(1000, stop.signal)
  })
})

describe('what is due', () => {
  it('is so from its time on, and when a clock that was set back puts it off too far', () => {
    expect(isDue(1000, 999, 60)).toBe(false)
    expect(isDue(1000, 1000, 60)).toBe(true)
    expect(isDue(1000, 500, 60)).toBe(true)
    expect(isDue(Number.POSITIVE_INFINITY, 500, 60)).toBe(false)
  })
})
