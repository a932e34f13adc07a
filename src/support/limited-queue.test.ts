import { expect, it } from 'vitest'
import { LimitedQueue } from './limited-queue.ts'

/** Tasks that end when they are told to. */
function queue(most: number) {
  const begun: string[] = []
  const ends = new Map<string, () => void>()
  const line = new LimitedQueue<string>(most, (item) => {
    begun.push(item)
    return new Promise((resolve) => ends.set(item, resolve))
  })
  const end = async (item: string): Promise<void> => {
    ends.get(item)?.()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { line, begun, end }
}

it('does so many tasks at a time, in order, each item once while it waits', async () => {
  const { line, begun, end } = queue(2)
  for (const item of ['a', 'b', 'c', 'd', 'c']) line.add(item)
  expect(begun).toEqual(['a', 'b'])
  await end('b')
  expect(begun).toEqual(['a', 'b', 'c'])
  line.add('b')
  await end('a')
  await end('c')
  expect(begun).toEqual(['a', 'b', 'c', 'd', 'b'])
})

it('leaves out what is taken back, and begins again when something comes after all was done', async () => {
  const { line, begun, end } = queue(1)
  line.add('a')
  line.add('b')
  line.remove('b')
  await end('a')
  expect(begun).toEqual(['a'])
  line.add('c')
  expect(begun).toEqual(['a', 'c'])
})
