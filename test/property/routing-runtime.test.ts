import { expect, it } from 'vitest'
import { capabilitiesOf } from '../../src/haproxy/capabilities.ts'
import { planChanges } from '../../src/haproxy/diff/plan-changes.ts'
import type { RunningServer } from '../../src/haproxy/control.ts'
import type { Candidate } from '../../src/model/candidate.ts'
import type { RoutingInput, RoutingResult } from '../../src/routing/contract.ts'
import { route } from '../../src/routing/route.ts'
import { container, endpoint, routingInput } from '../support/routing.ts'

// What routing renders and what can be changed at runtime must meet: as long as the services stay
// the same, nothing that containers or operators do may cost a reload.

const web = (number: number, labels: Record<string, string> = {}): Candidate =>
  container(
    `web-${number}`,
    endpoint(`web-${number}`, { address: `10.0.0.${number}`, labels, startedAtMs: number }),
  )
const api = container('api', endpoint('api', { service: 'api', startedAtMs: 99 }))
const draining = { reason: 'SIGTERM', sinceMs: 1, untilMs: 2 }
const stopping = container('web-1', endpoint('web-1', { address: '10.0.0.1', draining }))
const word = new Map([['node:web-1:80', { state: 'maint', weight: 9, sinceMs: 1 } as const]])

const steps: Readonly<Record<string, RoutingInput>> = {
  'servers come': routingInput([web(1), web(2), web(3), api]),
  'a server goes': routingInput([web(2), api]),
  'all servers go': routingInput([api]),
  'a server drains': routingInput([stopping, web(2), api]),
  'an operator speaks': routingInput([web(1), web(2), api], { words: word }),
  'a host is added': routingInput([
    web(1, { host: 'a.org,*.b.org' }),
    web(2, { host: 'a.org,*.b.org' }),
    api,
  ]),
  'the default changes': routingInput([
    web(1),
    web(2),
    container('api', endpoint('api', { service: 'api', labels: { default: 'true' } })),
  ]),
  'weight, maxconn and slowstart change': routingInput([
    web(1, { weight: '7' }),
    web(2, { maxconn: '5', slowstart: '3s' }),
    api,
  ]),
}

it.each(Object.entries(steps))('%s without a reload', (_name, input) => {
  expect(planFrom(routingInput([web(1), web(2), api]), input, '2.6.12')).toBe('runtime')
})

const shop = container('shop', endpoint('shop', { service: 'shop', startedAtMs: 500 }))
const checked = container(
  'shop',
  endpoint('shop', { service: 'shop', labels: { check: '/up', balance: 'first' } }),
)
const sticky = container(
  'shop',
  endpoint('shop', { service: 'shop', labels: { sticky: 'cookie' } }),
)
const later = { nowMs: 400_000 }

// A service of its own settings has a profile of its own, which only a reload brings.
it.each([
  ['a service comes', [web(1)], routingInput([web(1), shop]), 'reload', 'runtime'],
  ['the first service comes', [], routingInput([shop]), 'reload', 'runtime'],
  ['a checked service comes', [web(1)], routingInput([web(1), checked]), 'reload', 'runtime'],
  ['another path is checked', [checked], routingInput([pathOf('/b')]), 'runtime', 'runtime'],
  ['a sticky service comes', [web(1)], routingInput([web(1), sticky]), 'reload', 'reload'],
  ['a service is over', [web(1), shop], routingInput([web(1)], later), 'reload', 'runtime'],
  ['a sticky one is over', [web(1), sticky], routingInput([web(1)], later), 'reload', 'runtime'],
  ['the last one is over', [shop], routingInput([], later), 'reload', 'runtime'],
] as const)('%s', (_name, before, input, old, now) => {
  const first = routingInput(before)
  expect(planFrom(first, input, '2.6.12')).toBe(old)
  expect(planFrom(first, input, '3.0.11')).toBe(old)
  expect(planFrom(first, input, '3.4.7')).toBe(now)
})

function pathOf(check: string): Candidate {
  return container(
    'shop',
    endpoint('shop', { service: 'shop', labels: { check, balance: 'first' } }),
  )
}

/** How HAProxy gets from the one to the other, where all endpoints of the first have left in between. */
function planFrom(first: RoutingInput, input: RoutingInput, version: string): string {
  const before = route(first)
  const present = new Set(input.snapshot.services.keys())
  const left = Object.keys(before.memory.services).filter((name) => !present.has(name))
  const isOver = input.nowMs - first.nowMs > first.settings.goneServiceMs
  // They left long before their time is over.
  const middle =
    isOver && left.length > 0 ? route({ ...input, memory: before.memory, nowMs: 10_001 }) : before
  const after = route({ ...input, memory: middle.memory })
  const running = middle === before ? readBack(first, before) : readBack(input, middle)
  const base = { ...middle.desired, servers: running }
  return planChanges(base, after.desired, capabilitiesOf(version)).kind
}

/** The servers as HAProxy would tell them. */
function readBack({ snapshot }: RoutingInput, { placements }: RoutingResult) {
  const servers = new Map<string, RunningServer>()
  for (const { address, port, id } of snapshot.candidates.flatMap((each) => each.endpoints)) {
    const placement = placements.get(id)
    if (!placement?.isRouted) continue
    const { backend, server: name, weight, admin } = placement
    const operational = 'running'
    servers.set(`${backend}/${name}`, { backend, name, address, port, weight, admin, operational })
  }
  return servers
}
