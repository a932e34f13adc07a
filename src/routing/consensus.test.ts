import { expect, it } from 'vitest'
import { container, endpoint, routingInput } from '../../test/support/routing.ts'
import type { Endpoint } from '../model/endpoint.ts'
import { emptyMemory, type RoutingMemory } from './contract.ts'
import { route } from './route.ts'

/** `old`, `new`, … as host labels of endpoints that started one after the other. */
function run(
  hosts: readonly string[],
  inForce: string | undefined,
  change: (each: Endpoint, index: number) => Partial<Endpoint> = () => ({}),
) {
  const candidates = hosts.map((host, index) => {
    const each = endpoint(`c${index}`, { labels: { host }, startedAtMs: 1000 + index })
    return container(`c${index}`, { ...each, ...change(each, index) })
  })
  const app = { labels: { host: inForce ?? '' }, emptySinceMs: undefined, firstRoutedMs: 1 }
  const memory: RoutingMemory =
    inForce === undefined ? emptyMemory : { ...emptyMemory, services: { app } }
  const result = route(routingInput(candidates, { memory }))
  return {
    host: result.memory.services['app']?.labels['host'],
    notes: result.problems.map((problem) => problem.what),
  }
}

it('takes what all endpoints say, without a word', () => {
  expect(run(['a', 'a'], 'b')).toEqual({ host: 'a', notes: [] })
})

it('keeps the value in force until half of the endpoints carry the newest one', () => {
  expect(run(['old', 'old', 'old', 'new'], 'old')).toEqual({
    host: 'old',
    notes: [
      'its containers disagree about fairlead.host: "old" stays until half of them say "new" (1 of 4 do)',
    ],
  })
  expect(run(['old', 'old', 'new', 'new'], 'old')).toEqual({ host: 'new', notes: [] })
})

it('takes the oldest for the one in force when the service was never routed', () => {
  expect(run(['old', 'old', 'new'], undefined).host).toBe('old')
})

it('takes the newest when nobody carries the one in force any more', () => {
  expect(run(['a', 'b', 'c'], 'gone')).toEqual({ host: 'c', notes: [] })
})

it('does not ask an endpoint that is not healthy what the newest value is', () => {
  const sick = (_each: Endpoint, index: number): Partial<Endpoint> =>
    index === 1 ? { health: 'critical' } : {}
  expect(run(['old', 'new'], 'old', sick).host).toBe('old')
})

it('does not count endpoints that are on their way out', () => {
  const draining = { reason: 'SIGTERM', sinceMs: 1, untilMs: 2 }
  const leaving = (_each: Endpoint, index: number): Partial<Endpoint> =>
    index < 2 ? { draining } : {}
  expect(run(['old', 'old', 'old', 'new'], 'old', leaving).host).toBe('new')
})

it('keeps a rolling change back, the other way round as well', () => {
  expect(run(['', 'new', '', ''], 'new').host).toBe(undefined)
  expect(run(['new', 'new', 'new', ''], 'new').host).toBe('new')
})
