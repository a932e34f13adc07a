import { expect, it } from 'vitest'
import { parseGoDuration } from './go-duration.ts'

it.each([
  ['10s', 10_000],
  ['1m30s', 90_000],
  ['1.5h', 5_400_000],
  ['.5s', 500],
  ['-2ms', -2],
  ['0', 0],
  ['250us', 0.25],
  ['1h2m3s4ms', 3_723_004],
])('a duration of Go, %s, is read', (text, ms) => {
  expect(parseGoDuration(text)).toBeCloseTo(ms, 6)
})

it.each([
  '',
  '10',
  's',
  '1d',
  '1 s',
  '1s ',
  'bad',
  '1.s.',
  '--1s',
  `${'9'.repeat(400)}h`,
  '2600000h',
])('what Go does not take, %j, is not read', (text) => {
  expect(parseGoDuration(text)).toBeUndefined()
})
