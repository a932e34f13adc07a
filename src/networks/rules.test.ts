import { expect, it } from 'vitest'
import { isNamed, shellWord } from './rules.ts'

it.each([
  ['apps', 'apps', true],
  ['apps', 'app', false],
  ['apps', '*', true],
  ['apps', 'a*', true],
  ['apps', '*ps', true],
  ['apps', 'a*p*s', true],
  ['aba', 'ab*ba', false],
  ['a.b', 'a?b', false],
  ['shop_default', '*_default', true],
])('%s by the pattern %s: %s', (name, pattern, expected) => {
  expect(isNamed(name, [pattern])).toBe(expected)
})

it('quotes what a shell would read otherwise', () => {
  expect(shellWord('apps-1.x')).toBe('apps-1.x')
  expect(shellWord("it's $x")).toBe(String.raw`'it'\''s $x'`)
})
