import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { isDeepStrictEqual } from 'node:util'
import type { Dependency } from '../../src/template/dependency.ts'
import { parseHealthQuery, parseKeyQuery } from '../../src/template/functions/queries.ts'
import { startConsul, type ConsulAgent } from '../support/consul/consul-agent.ts'
import { followAnswers, type FollowedAnswers } from '../support/consul/followed-answers.ts'
import { waitUntil } from '../support/wait-until.ts'

let agent: ConsulAgent
const closers: (() => unknown)[] = []

beforeAll(async () => {
  agent = await startConsul({ nodeName: 'node1' })
})

afterAll(async () => {
  await agent.close()
})

afterEach(() => {
  for (const close of closers.splice(0).toReversed()) close()
})

const services = 60
const nodes = 16
const steps = 400

/** The same numbers from the same seed (Park and Miller). */
function numbersFrom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state * 48_271) % 2_147_483_647
    return state % below
  }
}

const statuses = ['passing', 'warning', 'critical']

/** One thing that happens in a catalogue, or to a key. */
function step(pick: (below: number) => number): Promise<{ readonly status: number }> {
  const node = `n${pick(nodes)}`
  const name = `app${pick(services)}`
  const place = { Node: node, Address: `192.0.2.${1 + pick(2)}` }
  const id = `${name}-${pick(2)}`
  const check = { CheckID: `service:${id}`, Status: statuses[pick(3)], ServiceID: id }
  const Service = { ID: id, Service: name, Port: 1 + pick(3), Tags: pick(2) === 0 ? ['a'] : [] }
  switch (pick(8)) {
    case 0:
      return agent.api('PUT', '/v1/catalog/deregister', { Node: node })
    case 1:
    case 2:
      return agent.api('PUT', '/v1/catalog/deregister', { Node: node, ServiceID: id })
    case 3:
      return agent.api('PUT', `/v1/kv/soak/${pick(30)}`, `v${pick(100)}`)
    case 4:
      return agent.api('DELETE', `/v1/kv/soak/${pick(30)}`)
    case 5:
      return agent.api('PUT', '/v1/catalog/register', { ...place, NodeMeta: { a: `${pick(3)}` } })
    default:
      return agent.api('PUT', '/v1/catalog/register', { ...place, Service, Check: check })
  }
}

function open(asked: readonly Dependency[], mostConnections: number): FollowedAnswers {
  const followed = followAnswers(agent.address, { mostConnections })
  closers.push(() => followed.close())
  followed.source.follow(asked)
  return followed
}

it.each([
  { seed: 7, most: 24 },
  { seed: 134_722, most: 24 },
  { seed: 87_208, most: 48 },
])(
  'however things happen, what is read together ends as what is read one by one (seed $seed)',
  async ({ seed, most }) => {
    const asked: readonly Dependency[] = [
      ...Array.from({ length: services }, (_, at) =>
        parseHealthQuery('health.service', at % 2 === 0 ? `app${at}|any` : `a.app${at}`),
      ),
      ...Array.from({ length: 30 }, (_, at) => parseKeyQuery('kv.get', `soak/${at}`)),
    ]
    const together = open(asked, most)
    const pick = numbersFrom(seed)
    for (let at = 0; at < steps; at++) {
      // What is followed changes meanwhile.
      if (at % 20 === 0) together.source.follow(asked.slice(pick(20)))
      await step(pick)
    }
    together.source.follow(asked)
    const single = open(asked, 200)
    for (const each of asked) await single.answer(each)
    const differing = () =>
      asked.filter(
        (each) => !isDeepStrictEqual(together.source.recall(each), single.source.recall(each)),
      )
    // Which of them differ says more than that it took too long.
    await waitUntil('both say the same', () => differing().length === 0, 60_000).catch(() => {})
    expect(differing().map(({ name }) => name)).toEqual([])
    expect(together.client.connections.most).toBeLessThanOrEqual(most)
    expect(together.failures).toEqual([])
  },
)
