import { expect, it } from 'vitest'
import { difference, distribution, lastChosenMs, lastWordMs, tally } from './account.ts'
import type { Reading } from './account.ts'
import type { Sample } from './load/plan.ts'

const sample = (more: Partial<Sample>): Sample => ({
  sentMs: 0,
  tookMs: 5,
  method: 'GET',
  server: 'a',
  failure: '',
  tries: 1,
  ...more,
})

it('counts failures by what they were, and late answers, of one method alone', () => {
  const samples = [
    sample({}),
    sample({ tookMs: 1200 }),
    sample({ failure: 'status 503', server: '', tookMs: 9000 }),
    sample({ failure: 'ECONNRESET', server: '' }),
    sample({ failure: 'status 503', server: '' }),
    sample({ method: 'POST', failure: 'status 502', server: '' }),
  ]
  expect(tally(samples, 'GET')).toEqual({
    sent: 5,
    failed: 3,
    why: [
      ['status 503', 2],
      ['ECONNRESET', 1],
    ],
    late: 1,
    slowestMs: 1200,
  })
  expect(tally(samples, 'POST')).toMatchObject({ sent: 1, failed: 1, slowestMs: 0 })
})

const reading = (atMs: number, ...chosen: readonly (readonly [string, number])[]): Reading => ({
  atMs,
  servers: chosen.map(([address, count]) => ({ address, status: 'UP', chosen: count })),
})
const isDead = (address: string): boolean => address === 'dead:1'

it('finds the last time that a dead server was chosen', () => {
  const readings = [
    reading(100, ['dead:1', 5], ['well:1', 5]),
    reading(200, ['dead:1', 6], ['well:1', 6]),
    reading(300, ['dead:1', 9], ['well:1', 7]),
    reading(400, ['dead:1', 9], ['well:1', 20]),
    reading(900, ['dead:1', 30], ['well:1', 30]),
  ]
  expect(lastChosenMs(readings, isDead, 250, 500)).toBe(300)
  expect(lastChosenMs(readings, isDead, 350, 500)).toBeUndefined()
  expect(lastChosenMs(readings, isDead, 350, 1000)).toBe(900)
})

it('takes a counter that went back for that of a new server', () => {
  const gone = [reading(100, ['dead:1', 50]), reading(200), reading(300, ['dead:1', 0])]
  expect(lastChosenMs(gone, isDead, 0, 1000)).toBeUndefined()
  const back = [reading(100, ['dead:1', 50]), reading(200, ['dead:1', 3])]
  expect(lastChosenMs(back, isDead, 0, 1000)).toBe(200)
})

it('says who answered how much in which second', () => {
  const samples = [
    sample({ sentMs: 1000 }),
    sample({ sentMs: 1500, server: 'b' }),
    sample({ sentMs: 1900 }),
    sample({ sentMs: 3000 }),
    sample({ sentMs: 3001, server: '', failure: 'status 503' }),
  ]
  expect(distribution(samples, 1000)).toEqual([
    [0, { a: 2, b: 1 }],
    [2, { a: 1 }],
  ])
})

it('knows the last word of servers that fell silent, and not what they say when they are back', () => {
  const said = (server: string, sentMs: number, tookMs = 5): Sample =>
    sample({ server, sentMs, tookMs })
  const samples = [
    said('dead', 100),
    said('well', 100),
    said('dead', 190, 20),
    said('well', 900),
    said('dead', 195, 900),
    said('dead', 1200),
    sample({ server: '', failure: 'status 503', sentMs: 300 }),
  ]
  expect(lastWordMs(samples, 200, 1000)).toBe(210)
  expect(lastWordMs([said('well', 100), said('well', 900)], 200, 1000)).toBeUndefined()
})

it('compares what takes requests with what runs', () => {
  const servers = [
    { address: 'a:1', status: 'UP', chosen: 1 },
    { address: 'b:1', status: 'DOWN', chosen: 1 },
    { address: 'c:1', status: 'UP 1/2', chosen: 1 },
    { address: 'd:1', status: 'MAINT', chosen: 1 },
  ]
  expect(difference(['a:1', 'b:1', 'e:1'], servers)).toEqual({
    missing: ['b:1', 'e:1'],
    surplus: ['c:1'],
  })
  expect(difference(['a:1', 'c:1'], servers)).toEqual({ missing: [], surplus: [] })
})
