import { expect, it } from 'vitest'
import { keyDependency } from '../../../test/support/runner-bench.ts'
import { readShared, sharedText } from './shared-text.ts'

it('reads the answers that it has written, bytes that are not UTF-8 too', () => {
  const [a, b] = [keyDependency('a'), keyDependency('b')]
  const text = sharedText([a, b], {
    recall: ({ name }) => (name === a.name ? 'x\udcff ✓' : undefined) as never,
  })
  const knowledge = readShared(text)
  expect(knowledge?.recall(a)).toBe('x\udcff ✓')
  expect(knowledge?.recall(b)).toBeUndefined()
})

it('refuses what becomes too large, though it is whole', () => {
  const a = keyDependency('a')
  const ofSize = (size: number): string =>
    sharedText([a], { recall: () => 'x'.repeat(size) as never })
  expect(readShared(ofSize(2 ** 20))?.recall(a)).toHaveLength(2 ** 20)
  const bomb = ofSize(2 ** 26)
  expect(bomb.length).toBeLessThan(512 * 1024)
  expect(readShared(bomb)).toBeUndefined()
})

it.each(['', 'nonsense', Buffer.from('{}').toString('base64')])('refuses %j', (text) => {
  expect(readShared(text)).toBeUndefined()
})
