import { expect, it } from 'vitest'
import { ManualClock } from '../../support/clock.ts'
import { repeat } from './repeat.ts'

it('a success without anything new is told as one, so that a failure before it is over', async () => {
  const told: string[] = []
  const clock = new ManualClock()
  const retry = { isEnabled: true, attempts: 0, backoffMs: 250, mostBackoffMs: 1000 }
  const ending = new AbortController()
  const given: readonly (() => { readonly value: unknown } | undefined)[] = [
    () => ({ value: 'x' }),
    () => {
      throw new Error('away')
    },
    () => undefined,
  ]
  let reads = 0
  const ended = repeat(
    { clock, retry, everyMs: 100 },
    async () => given[reads++]?.(),
    {
      onAnswer: (value) => told.push(String(value)),
      onFailure: ({ error }) => told.push(error.message),
      onSuccess: () => told.push('success'),
    },
    ending.signal,
  )
  await clock.advance(350)
  ending.abort()
  await ended
  expect(told).toEqual(['success', 'x', 'away', 'success'])
})
