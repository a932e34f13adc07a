import { readFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Dependency, HealthDependency } from '../../src/template/dependency.ts'
import {
  parseHealthQuery,
  parseKeyQuery,
  parseKeysQuery,
} from '../../src/template/functions/queries.ts'
import { startConsul, type ConsulAgent } from '../support/consul/consul-agent.ts'
import { startFaultProxy } from '../support/consul/fault-proxy.ts'
import { followAnswers, type FollowedAnswers } from '../support/consul/followed-answers.ts'
import { noteRequestsForNews, type RequestsForNews } from '../support/consul/requests-for-news.ts'
import { waitUntil } from '../support/wait-until.ts'

const services = 1000
const nodes = 15
let agent: ConsulAgent
const closers: (() => unknown)[] = []

const service = (text: string): Dependency & HealthDependency =>
  parseHealthQuery('health.service', text)

const nameOf = (at: number) => `app${String(at).padStart(4, '0')}`

const registration = (at: number, more: Readonly<Record<string, unknown>> = {}) => ({
  Node: `outside${at % nodes}`,
  Address: '192.0.2.1',
  SkipNodeUpdate: true,
  Service: { ID: `${nameOf(at)}-1`, Service: nameOf(at), Port: 80, ...more },
  Check: {
    CheckID: `service:${nameOf(at)}-1`,
    Status: 'passing',
    ServiceID: `${nameOf(at)}-1`,
  },
})

const put = async (path: string, body?: unknown): Promise<void> => {
  const { status, body: said } = await agent.api('PUT', path, body)
  if (status !== 200) throw new Error(`${path}: ${status} ${String(said)}`)
}

beforeAll(async () => {
  agent = await startConsul({ nodeName: 'node1' })
  for (let at = 0; at < services; at++) await put('/v1/catalog/register', registration(at))
}, 120_000)

afterAll(async () => {
  await agent.close()
})

afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

/** Twenty templates: each uses all services, half of them with a filter or tag of its own. */
const all = Array.from({ length: services }, (_, at) => service(nameOf(at)))
const inTemplates = [
  ...all,
  ...all.slice(0, 200).map(({ service: name }) => service(`${name}|any`)),
  ...all.slice(0, 200).map(({ service: name }) => service(`v2.${name}`)),
]

async function followAll(
  dependencies: readonly Dependency[],
  mostConnections = 48,
  address = agent.address,
): Promise<FollowedAnswers> {
  const followed = followAnswers(address, { mostConnections })
  closers.push(() => followed.close())
  for (let template = 0; template < 20; template++) followed.source.follow(dependencies)
  for (const each of dependencies) await followed.answer(each)
  return followed
}

/** Requests that are sent until none was for a while. */
async function restedRequests({ paths }: RequestsForNews): Promise<number> {
  for (let last = -1; last !== paths.length;) {
    last = paths.length
    await new Promise((resolve) => setTimeout(resolve, 1000))
  }
  return paths.length
}

/** Connections to this address that are open, as the kernel counts them. */
function kernelConnections(address: string): number {
  const port = Number(address.split(':')[1]).toString(16).toUpperCase().padStart(4, '0')
  const lines = readFileSync('/proc/net/tcp', 'utf8').split('\n').slice(1)
  return lines.filter((line) => {
    const [, local = '', , state] = line.trim().split(/\s+/)
    return local.endsWith(`:${port}`) && state === '01'
  }).length
}

/** The kernel closes one a moment after the client has given it up. */
const untilFewConnections = (most: number, address = agent.address): Promise<void> =>
  waitUntil(`${most} connections at most`, () => kernelConnections(address) <= most, 30_000)

describe('a source that follows a thousand services', () => {
  it('costs Consul three requests at most for a registration that changes, and few connections', async () => {
    const proxy = await startFaultProxy(agent.url)
    closers.push(() => proxy.close())
    const news = noteRequestsForNews(proxy)
    const followed = await followAll(inTemplates, 48, proxy.address)
    let before = await restedRequests(news)
    const costs: number[] = []
    for (const at of [7, 500, 999]) {
      const port = 1000 + at
      await put('/v1/catalog/register', registration(at, { Port: port }))
      await followed.answer(service(nameOf(at)), (list) => list[0]?.Port === port)
      const after = await restedRequests(news)
      costs.push(after - before)
      before = after
    }
    expect(Math.max(...costs)).toBeLessThanOrEqual(3)
    expect(Math.min(...costs)).toBeGreaterThan(0)
    await untilFewConnections(48, proxy.address)
    expect(followed.client.connections.most).toBeLessThanOrEqual(48)
    expect(followed.failures).toEqual([])
  })

  it.each([
    { watched: 'all nodes', mostConnections: 48 },
    { watched: 'some of the nodes', mostConnections: 24 },
  ])('follows all that can happen, with watches on $watched', async ({ mostConnections }) => {
    await put('/v1/agent/service/register', { Name: 'proxied', Port: 80 })
    const proxy = service('proxied-sidecar-proxy')
    const consul = service('CONSUL')
    const followed = await followAll([...all, proxy, consul], mostConnections)
    expect(await followed.answer(consul)).toHaveLength(1)
    const first = service(nameOf(0))
    const critical = { ...registration(0) }
    await put('/v1/catalog/register', {
      ...critical,
      Check: { ...critical.Check, Status: 'critical' },
    })
    await followed.answer(first, (list) => list.length === 0)
    await put('/v1/catalog/register', registration(0))
    await followed.answer(first, (list) => list.length === 1)
    const second = { ...registration(1), Node: 'outside99', SkipNodeUpdate: false }
    await put('/v1/catalog/register', {
      ...second,
      Service: { ...second.Service, Service: nameOf(0) },
    })
    await followed.answer(first, (list) => list.length === 2)
    await put('/v1/catalog/register', {
      Node: 'outside99',
      Address: '192.0.2.1',
      NodeMeta: { a: 'b' },
    })
    await followed.answer(first, (list) => list.some(({ NodeMeta }) => NodeMeta.get('a') === 'b'))
    await put('/v1/catalog/deregister', { Node: 'outside99' })
    await followed.answer(first, (list) => list.length === 1)
    await put('/v1/agent/service/register', {
      Name: 'proxied-sidecar-proxy',
      Kind: 'connect-proxy',
      Port: 81,
      Proxy: { DestinationServiceName: 'proxied' },
    })
    await followed.answer(proxy, (list) => list.length === 1)
    await put('/v1/agent/service/deregister/proxied-sidecar-proxy')
    await followed.answer(proxy, (list) => list.length === 0)
  })

  it('follows those that are asked for later, and goes back to a poll each for few', async () => {
    const late = service('late')
    const followed = await followAll(all)
    followed.source.follow([...all, late])
    expect(await followed.answer(late)).toEqual([])
    await put('/v1/catalog/register', {
      ...registration(3),
      Service: { ID: 'late1', Service: 'late' },
      Check: undefined,
    })
    await followed.answer(late, (list) => list.length === 1)
    followed.source.follow([late])
    await put('/v1/catalog/deregister', { Node: 'outside3', ServiceID: 'late1' })
    await followed.answer(late, (list) => list.length === 0)
    expect(followed.source.recall(service(nameOf(1)))).toBeUndefined()
    await untilFewConnections(12)
  })
})

describe('a source that follows hundreds of keys', () => {
  it('reads them by their folders, and no more than it may at a time', async () => {
    const keys = Array.from({ length: 300 }, (_, at) =>
      parseKeyQuery('kv.get', `conf/app${at % 30}/k${at}`),
    )
    const singles = Array.from({ length: 60 }, (_, at) => parseKeyQuery('kv.get', `single${at}`))
    const lists = Array.from({ length: 20 }, (_, at) => parseKeysQuery(`list${at}/`))
    const followed = followAnswers(agent.address)
    closers.push(() => followed.close())
    const asked = [...keys, ...singles, ...lists]
    followed.source.follow(asked)
    for (const each of asked) await followed.answer(each)
    await put('/v1/kv/conf/app7/k7', 'seven')
    await followed.answer(keys[7] as (typeof keys)[number], ({ text }) => text === 'seven')
    await put('/v1/kv/single59', 'x')
    await followed.answer(singles[59] as (typeof keys)[number], ({ text }) => text === 'x')
    await agent.api('DELETE', '/v1/kv/conf?recurse')
    await followed.answer(keys[7] as (typeof keys)[number], ({ text }) => text === undefined)
    expect(followed.client.connections.most).toBeLessThanOrEqual(48)
    await untilFewConnections(48)
    expect(followed.failures).toEqual([])
  })
})
