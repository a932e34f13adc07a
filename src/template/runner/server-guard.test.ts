import { expect, it } from 'vitest'
import { serverLoss } from './server-guard.ts'

const servers = (count: number): string =>
  `backend a\n${'  server s 127.0.0.1:80\n'.repeat(count)}# server-template\nserverless\n`

it.each([
  ['no limits', undefined, 0, {}, undefined],
  ['too few', servers(5), 1, { leastServers: 2 }, '1 servers, the least is 2'],
  ['too few, without an old file', undefined, 0, { leastServers: 1 }, '0 servers, the least is 1'],
  ['just enough', servers(5), 2, { leastServers: 2 }, undefined],
  ['half may go', servers(4), 2, { largestDrop: 0.5 }, undefined],
  [
    'more than half have gone',
    servers(4),
    1,
    { largestDrop: 0.5 },
    '1 servers where 4 were, at most 50 % may vanish at once',
  ],
  ['there were none', servers(0), 0, { largestDrop: 0.1 }, undefined],
  ['more than before', servers(1), 9, { largestDrop: 0 }, undefined],
])('%s', (_what, live, count, limits, why) => {
  expect(serverLoss(live, servers(count), { leastServers: 0, largestDrop: 1, ...limits })).toBe(why)
})
