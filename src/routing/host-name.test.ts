import { expect, it } from 'vitest'
import { hostNameOf } from './host-name.ts'

it.each([
  ['example.org', 'example.org'],
  ['  Example.ORG. ', 'example.org'],
  ['example.org:8080', 'example.org'],
  ['example.org.:80', 'example.org'],
  ['*.Example.org', '*.example.org'],
  ['bücher.example', 'xn--bcher-kva.example'],
  ['*.例え.テスト', '*.xn--r8jz45g.xn--zckzah'],
  ['under_score.test', 'under_score.test'],
  ['localhost', 'localhost'],
  ['0x7f.1', '0x7f.1'],
  ['0', '0'],
])('makes %j the name %j', (text, name) => {
  expect(hostNameOf(text)).toEqual({ name })
})

it.each([
  '',
  '.',
  '*',
  '*.',
  'a.*.org',
  '*a.org',
  'a b.org',
  'a..b',
  '-a.org',
  'a-.org',
  'a/b',
  'a#b',
  'a%2eb',
  'xn--a',
  'x\ny.org',
  '[::1]',
  `${'a'.repeat(64)}.org`,
  'a.'.repeat(200),
  '${HOME}.org',
])('refuses %j with a reason', (text) => {
  expect(hostNameOf(text)).toEqual({ reason: expect.stringMatching(/./) })
})
