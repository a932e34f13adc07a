import { describe, expect, it } from 'vitest'
import type { Value } from '../values.ts'
import { sprint, sprintln } from './sprint.ts'
import { sprintf } from './sprintf.ts'

type Case = readonly [format: string, operands: readonly Value[], expected: string]

const check = (format: string, operands: readonly Value[], expected: string): void =>
  expect(sprintf(format, operands)).toBe(expected)

describe('integers', () => {
  const cases: readonly Case[] = [
    ['%d|%5d|%-5d|%05d', [7n, 7n, 7n, -7n], '7|    7|7    |-0007'],
    ['%+d % d %x %X %#x', [5n, 5n, -255n, 255n, 255n], '+5  5 -ff FF 0xff'],
    ['%o %#o %O %b %#b', [8n, 8n, 8n, 5n, 5n], '10 010 0o10 101 0b101'],
    ['%6.3d|%.0d|%.10d', [7n, 0n, 1n], '   007||0000000001'],
    ['%-010d|', [5n], '5         |'],
    ['%c %q %U %#U', [0x4e16n, 0x4e16n, 0x4e16n, 0x4e16n], "世 '世' U+4E16 U+4E16 '世'"],
    ['%c %+q', [-1n, 0xe9n], "\uFFFD '\\u00e9'"],
  ]
  it.each(cases)('%s', check)
})

describe('floats', () => {
  const cases: readonly Case[] = [
    ['%v %v %v %v', [1e5, 1e6, 1e-4, 1e-5], '100000 1e+06 0.0001 1e-05'],
    ['%v %v %v', [0.1, -0, 123456789], '0.1 -0 1.23456789e+08'],
    ['%.0f %.0f %.0f %.1f', [0.5, 1.5, 2.5, 0.25], '0 2 2 0.2'],
    ['%.2f %.2f %f', [2.675, 999.999, 1], '2.67 1000.00 1.000000'],
    ['%e %.2e %E', [0, 123456, 0.00123], '0.000000e+00 1.23e+05 1.230000E-03'],
    ['%.3g %g %G', [1234.5678, 1e-7, 1e21], '1.23e+03 1e-07 1E+21'],
    ['%.2g %.2q', [-0, 0], '-0 %!q(float64=0)'],
    ['%#X %#x', [0.5, 0.5], '0X1.P-01 0x1.0000p-01'],
    ['%#g %#.0f %#.4g', [1, 123, 123], '1.00000 123. 123.0'],
    ['%x %.1x %b', [3.5, 1.99, 1], '0x1.cp+01 0x1.0p+01 4503599627370496p-52'],
    ['%08.3f|%-8.1f|%+.1f', [-6.54321, 1.25, 2], '-006.543|1.2     |+2.0'],
    ['%v %+v %06v|% v', [Infinity, Infinity, -Infinity, NaN], '+Inf +Inf   -Inf| NaN'],
  ]
  it.each(cases)('%s', check)
})

describe('texts', () => {
  const cases: readonly Case[] = [
    ['%s|%5s|%-5s|%05s', ['é', 'é', 'é', 'é'], 'é|    é|é    |0000é'],
    ['%.2s|%5.1s|', ['héllo', 'ab'], 'hé|    a|'],
    ['%q %#q %+q', ['a"\n', 'a\\b', 'é\u{1F600}'], '"a\\"\\n" `a\\b` "\\u00e9\\U0001f600"'],
    ['%x %X %# x %.1x', ['hé', 'hi', 'hi', 'hi'], '68c3a9 6869 0x68 0x69 68'],
    ['%t %5t %v', [true, false, true], 'true false true'],
    ['%s %x %v', [Uint8Array.of(104, 105), Uint8Array.of(255), Uint8Array.of(1, 2)], 'hi ff [1 2]'],
  ]
  it.each(cases)('%s', check)
})

describe('operands by number and stars', () => {
  const cases: readonly Case[] = [
    ['%[2]d %[1]d', [1n, 2n], '2 1'],
    ['%[2]d %d', [1n, 2n, 3n], '2 3'],
    ['%*d|%-*d|%*d|', [4n, 1n, 4n, 2n, -4n, 3n], '   1|2   |3   |'],
    ['%.*f %[2]*[1]d', [2n, 6.54321], '6.54 %!(BADWIDTH)2'],
    ['%3[1]d', [1n], '  1'],
  ]
  it.each(cases)('%s', check)
})

describe('mistakes', () => {
  const cases: readonly Case[] = [
    ['%d %s %t', ['a', 1n, 2.5], '%!d(string=a) %!s(int=1) %!t(float64=2.5)'],
    ['%d %d', [1n], '1 %!d(MISSING)'],
    ['%d', [1n, 'a', null], '1%!(EXTRA string=a, <nil>)'],
    ['%[3]d %[x]d %[1]3d', [1n], '%!d(BADINDEX) %!d(BADINDEX) %!d(BADINDEX)'],
    ['%z %!', [1n], '%!z(int=1) %!!(MISSING)'],
    ['100%', [], '100%!(NOVERB)'],
    ['%*d %.*d', ['a', 1n, 'b', 2n], '%!(BADWIDTH)1 %!(BADPREC)2'],
    ['%s %d %v', [null, null, null], '%!s(<nil>) %!d(<nil>) <nil>'],
    ['%9999999d', [1n], '%!(NOVERB)%!(EXTRA int=1)'],
  ]
  it.each(cases)('%s', check)
})

describe('print and println', () => {
  it('put spaces between operands that are no strings, or between all', () => {
    expect(sprint([1n, 2n, 'a', 'b', 3n, null, 4.5])).toBe('1 2ab3 <nil> 4.5')
    expect(sprintln(['a', 'b', 1n])).toBe('a b 1\n')
  })
})
