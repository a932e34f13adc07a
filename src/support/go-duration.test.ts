import { expect, it } from 'vitest'
import { goDurationText, parseGoDuration } from './go-duration.ts'

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

it.each([
  [0, '0s'],
  [250, '250ms'],
  [1000, '1s'],
  [1500, '1.5s'],
  [60_000, '1m0s'],
  [3_723_004, '1h2m3.004s'],
])('%d ms are written as Go writes a duration', (ms, text) => {
  expect(goDurationText(ms)).toBe(text)
})

it('a million digits are looked at once', () => {
  expect(parseGoDuration(`${'1'.repeat(1_000_000)}x`)).toBeUndefined()
})
