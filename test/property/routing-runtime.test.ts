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
  const first = routingInput([web(1), web(2), api])
  const before = route(first)
  const after = route({ ...input, memory: before.memory })
  const base = { ...before.desired, servers: readBack(first, before) }
  const plan = planChanges(base, after.desired, capabilitiesOf('2.6.12'))
  expect(plan.kind === 'reload' ? plan.reasons : plan.kind).toBe('runtime')
})

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
