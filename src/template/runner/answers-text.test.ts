import { expect, it } from 'vitest'
import { answersText, readAnswers } from './answers-text.ts'

it('reads what it has written: maps, large integers, bytes that are not UTF-8, what is not there', () => {
  const answers = new Map<string, unknown>([
    ['kv.get(a)', { text: undefined }],
    ['kv.block(b)', 'a\udcffb ✓'],
    ['kv.list(c)', [{ Path: 'c', CreateIndex: 2n ** 64n - 1n }]],
    ['health.service(web|passing)', [{ ServiceMeta: new Map([['$map', 'x']]), Port: 80 }]],
    ['catalog.node(x)', { Node: undefined, Services: [] }],
  ])
  expect(readAnswers(answersText(answers))).toEqual(answers)
})

it.each(['', 'nonsense', Buffer.from('{}').toString('base64')])('refuses %j', (text) => {
  expect(readAnswers(text)).toBeUndefined()
})
