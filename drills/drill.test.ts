import { expect, it } from 'vitest'
import { judge } from './drill.ts'
import type { Outcome } from './drill.ts'
import { table, withTable } from './table.ts'

const good: Outcome = {
  name: 'power-off',
  title: 'a node is powered off',
  seconds: 30,
  gets: { sent: 4000, failed: 0, why: [], late: 3, slowestMs: 6940 },
  posts: { sent: 400, failed: 2, why: [['ECONNRESET', 2]], late: 0, slowestMs: 80 },
  quietSeconds: 0.81,
  rightSeconds: 6.66,
  perSecond: [],
  limits: { failedGets: 0, failedPosts: 2, quietSeconds: 1, rightSeconds: 30 },
  missed: [],
}

it('passes what keeps every limit, also exactly', () => {
  expect(judge(good)).toEqual([])
  expect(judge({ ...good, quietSeconds: 1, rightSeconds: 30 })).toEqual([])
})

it('names every limit that was missed, with what was measured', () => {
  const gets = { ...good.gets, failed: 1 }
  const posts = { ...good.posts, failed: 3 }
  expect(judge({ ...good, gets, posts, quietSeconds: 1.234, rightSeconds: 31 })).toEqual([
    'failed GETs: 1, at most 0',
    'failed POSTs: 3, at most 2',
    'seconds until the dead get nothing: 1.23, at most 1',
    'seconds until all is right: 31, at most 30',
  ])
})

it('passes nothing in which no request was sent', () => {
  expect(judge({ ...good, gets: { ...good.gets, sent: 0 } })).toEqual(['no GET was sent'])
})

it('says of a drill in which no server died that there is nothing to say about it', () => {
  const { quietSeconds: _, ...limits } = good.limits
  const outcome = { ...good, quietSeconds: undefined, limits }
  expect(judge(outcome)).toEqual([])
  expect(table([outcome])).toContain('| –')
})

it('puts rows into the table of the page and leaves the rest, rows of other drills too', () => {
  const [begin, end] = ['<!-- drills: written by npm run drill -- --write -->', '<!-- /drills -->']
  const page = (rows: string): string => `before\n\n${begin}\n\n${rows}\n\n${end}\n\nafter\n`
  const worse = { ...good, gets: { ...good.gets, failed: 7 } }
  const other = { ...good, title: 'another' }
  const gone = { ...good, title: 'no drill any more' }
  const order = ['another', good.title]
  expect(table([good])).toContain('0 of 4,000')
  expect(table([good])).toContain('6.9 s')
  expect(withTable(page('old'), [good], order)).toBe(page(table([good])))
  const before = page(table([worse, gone, other]))
  expect(withTable(before, [good], order)).toBe(page(table([other, good])))
  expect(() => withTable('no marks', [good], order)).toThrow('docs/operations.md has no')
})
