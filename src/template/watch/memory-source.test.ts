import { expect, it } from 'vitest'
import type { WatchEvent } from '../contract.ts'
import { parseKeyQuery } from '../functions/queries.ts'
import { MemorySource } from './memory-source.ts'

const settled = () => new Promise((resolve) => setImmediate(resolve))

it('a source in memory tells together what changes together, of what is followed', async () => {
  const source = new MemorySource()
  const events: WatchEvent[] = []
  source.onEvent((event) => events.push(event))
  const [a, b, c] = ['a', 'b', 'c'].map((key) => parseKeyQuery('kv.block', key)) as [
    ReturnType<typeof parseKeyQuery>,
    ReturnType<typeof parseKeyQuery>,
    ReturnType<typeof parseKeyQuery>,
  ]
  source.set(a, 'one')
  expect(source.recall(a)).toBeUndefined()
  source.follow([a, b])
  source.set(b, 'two')
  source.set(c, 'three')
  expect(source.recall(a)).toBe('one')
  expect(source.recall(c)).toBeUndefined()
  await settled()
  expect(events).toEqual([{ kind: 'changed', dependencies: [a, b] }])
  source.set(b, 'two')
  source.close()
  source.set(b, 'three')
  await settled()
  expect(events).toHaveLength(1)
})
