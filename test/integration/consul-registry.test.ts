import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { startConsul, type ConsulAgent } from '../support/consul/consul-agent.ts'
import { startFaultProxy, type FaultProxy } from '../support/consul/fault-proxy.ts'
import {
  deregisterInstance,
  followConsul,
  registerInstance,
  type FollowedConsul,
} from '../support/consul/follow-consul.ts'
import { noteRequestsForNews, type RequestsForNews } from '../support/consul/requests-for-news.ts'
import { waitUntil } from '../support/wait-until.ts'

const closers: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

function closing<T extends { close(): Promise<unknown> }>(opened: T): T {
  closers.push(() => opened.close())
  return opened
}

let agent: ConsulAgent

beforeAll(async () => {
  agent = await startConsul({ nodeName: 'node1' })
})

afterAll(async () => {
  await agent.close()
})

afterEach(async () => {
  const { body } = await agent.api<readonly { Node: string }[]>('GET', '/v1/catalog/nodes')
  for (const { Node } of body) if (Node !== 'node1') await deregisterInstance(agent, Node)
  const services = await agent.api<Record<string, unknown>>('GET', '/v1/agent/services')
  for (const id of Object.keys(services.body)) {
    await agent.api('PUT', `/v1/agent/service/deregister/${encodeURIComponent(id)}`)
  }
})

const put = async (path: string, body?: unknown): Promise<void> => {
  const { status, body: said } = await agent.api('PUT', path, body)
  if (status !== 200) throw new Error(`${path}: ${status} ${String(said)}`)
}

const register = (definition: Readonly<Record<string, unknown>>): Promise<void> =>
  put('/v1/agent/service/register', definition)

/** So many services of one instance each, spread over nodes without an agent. */
async function fill(services: number, nodes: number): Promise<void> {
  for (let index = 0; index < services; index++) {
    const node = `outside${String(index % nodes).padStart(2, '0')}`
    await registerInstance(agent, {
      node,
      id: `${node}:app${index}:80`,
      service: `app${index}`,
      status: 'passing',
    })
  }
}

const hasStates = (
  followed: FollowedConsul,
  service: string,
  states: Readonly<Record<string, string>>,
): Promise<void> =>
  waitUntil(
    `${service} is ${JSON.stringify(states)}`,
    () => JSON.stringify(followed.states(service)) === JSON.stringify(states),
  )

/** Requests from now until the condition holds and none follows, and what they were for. */
async function requestsFor(
  proxy: FaultProxy,
  { paths }: RequestsForNews,
  cause: () => Promise<void>,
): Promise<readonly string[]> {
  const waiting = proxy.inFlight.now
  const before = paths.length
  await cause()
  for (let last = -1; last !== paths.length || proxy.inFlight.now < waiting;) {
    last = paths.length
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
  return paths.slice(before)
}

describe.each([
  { mode: 'by service', others: 3 },
  { mode: 'by node', others: 60 },
])('a catalogue read $mode', ({ mode, others }) => {
  it('follows instances, checks, maintenance and weights', async () => {
    await fill(others, 3)
    await register({ ID: 'w1', Name: 'web', Port: 80, Address: '127.0.0.1', Check: { TTL: '1h' } })
    const followed = closing(await followConsul(agent.address))
    expect(followed.registry.state()).toMatchObject({ mode, state: 'current', datacenter: 'dc1' })
    expect(followed.states('web')).toEqual({ 'node1/w1': 'critical' })
    expect(followed.endpoint('node1/w1')).toMatchObject({
      node: 'node1',
      datacenter: 'dc1',
      address: '127.0.0.1',
      isHealthReported: true,
      healthReason: `check "Service 'web' check" is critical`,
    })
    expect(followed.registry.snapshot().services.has('consul')).toBe(false)
    expect(followed.registry.snapshot().services.size).toBe(others + 1)

    await put('/v1/agent/check/pass/service:w1')
    await hasStates(followed, 'web', { 'node1/w1': 'passing' })
    await put('/v1/agent/check/warn/service:w1?note=so+so')
    await hasStates(followed, 'web', { 'node1/w1': 'warning' })
    await put('/v1/agent/service/maintenance/w1?enable=true&reason=a+new+disk')
    await hasStates(followed, 'web', { 'node1/w1': 'drain' })
    expect(followed.endpoint('node1/w1')).toMatchObject({
      health: 'warning',
      draining: { reason: 'maintenance in Consul: a new disk' },
    })
    await put('/v1/agent/service/maintenance/w1?enable=false')
    await hasStates(followed, 'web', { 'node1/w1': 'warning' })
    await put('/v1/agent/maintenance?enable=true&reason=kernel')
    await hasStates(followed, 'web', { 'node1/w1': 'drain' })
    await put('/v1/agent/maintenance?enable=false')
    await hasStates(followed, 'web', { 'node1/w1': 'warning' })

    await register({
      ID: 'w2',
      Name: 'web',
      Port: 81,
      Weights: { Passing: 7, Warning: 2 },
      Meta: { fairlead_host: 'a.example.org' },
      Tags: ['fairlead.host=b.example.org', 'fairlead.slowstart=5s'],
    })
    await hasStates(followed, 'web', { 'node1/w1': 'warning', 'node1/w2': 'passing' })
    expect(followed.endpoint('node1/w2')).toMatchObject({
      // Without an address of its own: that of its node.
      address: '127.0.0.1',
      isHealthReported: false,
      labels: { host: 'a.example.org', slowstart: '5s', weight: '7' },
    })
    await put('/v1/agent/service/deregister/w1')
    await hasStates(followed, 'web', { 'node1/w2': 'passing' })
    await put('/v1/agent/service/deregister/w2')
    await waitUntil('web is gone', () => !followed.registry.snapshot().services.has('web'))
  })

  it('keeps instances that become those of another service, and of the first again', async () => {
    await fill(others, 3)
    const ids = ['w1', 'w2', 'w3', 'w4']
    const name = async (Name: string): Promise<void> => {
      for (const [at, ID] of ids.entries()) await register({ ID, Name, Port: 80 + at })
    }
    await name('web')
    const followed = closing(await followConsul(agent.address))
    const passing = Object.fromEntries(ids.map((id) => [`node1/${id}`, 'passing']))
    for (const [from, to] of Array.from({ length: 3 }, () => [
      ['web', 'shop'] as const,
      ['shop', 'web'] as const,
    ]).flat()) {
      await name(to)
      await hasStates(followed, to, passing)
      await hasStates(followed, from, {})
      expect(followed.registry.held()).toEqual([])
    }
  })

  it('takes names with every kind of character', async () => {
    await fill(others, 3)
    const name = 'a/b c?#ü%41'
    const followed = closing(await followConsul(agent.address))
    await registerInstance(agent, { node: 'odd node/é', id: 'x/y ?', service: name })
    await hasStates(followed, name, { 'odd node/é/x/y ?': 'passing' })
    await deregisterInstance(agent, 'odd node/é', 'x/y ?')
    await waitUntil('it is gone', () => !followed.registry.snapshot().services.has(name))
  })

  it('costs at most three requests a change, and keeps the objects of other services', async () => {
    await fill(others, 3)
    const proxy = closing(await startFaultProxy(agent.url))
    const news = noteRequestsForNews(proxy)
    const followed = closing(await followConsul(proxy.address))
    // The watches of a catalogue read by node begin after the first reading.
    await requestsFor(proxy, news, async () => {})
    const before = followed.registry.snapshot().services.get('app1')
    const one = { node: 'outside00', id: 'outside00:new:80', service: 'app2' }
    for (const status of ['passing', 'critical', 'warning', 'passing']) {
      const requests = await requestsFor(proxy, news, async () => {
        await registerInstance(agent, { ...one, status })
        await waitUntil(`it is ${status}`, () => followed.states('app2')[one.id] === status)
      })
      expect(requests.length, requests.join(' ')).toBeLessThanOrEqual(3)
      expect(requests).not.toEqual([])
    }
    const requests = await requestsFor(proxy, news, async () => {
      await deregisterInstance(agent, one.node, one.id)
      await waitUntil('it is gone', () => !(one.id in followed.states('app2')))
    })
    expect(requests.length, requests.join(' ')).toBeLessThanOrEqual(3)
    expect(followed.registry.snapshot().services.get('app1')).toBe(before)
  })

  it('keeps to few requests at a time at the start, and to few connections always', async () => {
    await fill(others, 3)
    const proxy = closing(await startFaultProxy(agent.url))
    let [reads, most] = [0, 0]
    proxy.observe(({ path }) => {
      if (path.includes('index=')) return () => {}
      most = Math.max(most, ++reads)
      return () => void reads--
    })
    const stop = proxy.inject('/v1/health/service/', { kind: 'delay', delayMs: 50 })
    const followed = closing(await followConsul(proxy.address))
    stop()
    expect(followed.registry.snapshot().services.size).toBe(others)
    expect(most).toBeGreaterThan(1)
    // One more asks which node the agent is.
    expect(most).toBeLessThanOrEqual(17)
    expect(proxy.connections.most).toBeLessThanOrEqual(64)
    expect(followed.client.connections.most).toBeLessThanOrEqual(56)
  })

  it('goes on through every kind of bad answer, and drops nothing', async () => {
    await fill(others, 3)
    const proxy = closing(await startFaultProxy(agent.url))
    const followed = closing(await followConsul(proxy.address))
    const all = followed.registry.snapshot().services.size
    let port = 9000
    for (const fault of [
      { kind: 'status', status: 500, body: 'rpc error' },
      { kind: 'status', status: 429 },
      { kind: 'reset' },
      { kind: 'truncate' },
      { kind: 'cut' },
      { kind: 'status', status: 200, body: '{"Node":"no list"}' },
      { kind: 'status', status: 200, body: '[{"Service":{"ID":"a","Service":"app1"}}]' },
      { kind: 'delay', delayMs: 2000 },
      { kind: 'index', rewrite: (index: number) => Math.max(1, index - 1000) },
      { kind: 'index', rewrite: () => undefined },
    ] as const) {
      // Few times: a watch that fails again and again asks less and less often.
      proxy.inject('/v1/', fault, 2)
      port++
      await registerInstance(agent, {
        node: 'outside01',
        id: 'outside01:app1:80',
        service: 'app1',
        more: { Port: port },
      })
      await waitUntil(
        `${JSON.stringify(fault)} is over, port ${port}`,
        () => followed.endpoint('outside01:app1:80')?.port === port,
        30_000,
      )
      proxy.heal()
      expect(followed.registry.snapshot().services.size).toBe(all)
    }
    await waitUntil('all is well', () => followed.registry.state().error === '')
    expect(followed.registry.held()).toEqual([])
    expect(proxy.connections.most).toBeLessThanOrEqual(64)
  })

  it('shows a service that cannot be read as a problem, and the others go on', async () => {
    await fill(others, 3)
    const proxy = closing(await startFaultProxy(agent.url))
    const followed = closing(await followConsul(proxy.address))
    proxy.inject('/v1/health/service/app1?', { kind: 'status', status: 500, body: 'broken' })
    // What waits at the agent already would still bring the change.
    proxy.disconnect()
    const more = { Port: 9999 }
    await registerInstance(agent, {
      node: 'outside01',
      id: 'outside01:app1:80',
      service: 'app1',
      more,
    })
    await registerInstance(agent, {
      node: 'outside02',
      id: 'outside02:app2:80',
      service: 'app2',
      more,
    })
    await waitUntil('app2 has changed', () => followed.endpoint('outside02:app2:80')?.port === 9999)
    await waitUntil('app1 is a problem', () => followed.registry.problems().length === 1)
    expect(followed.registry.problems()[0]?.what).toContain('broken')
    expect(followed.endpoint('outside01:app1:80')?.port).toBe(8080)
    proxy.heal()
    await waitUntil('app1 has changed', () => followed.endpoint('outside01:app1:80')?.port === 9999)
    await waitUntil('no problem is left', () => followed.registry.problems().length === 0)
  })
})

describe('a catalogue of more nodes than have a watch each', () => {
  it('is followed all the same', async () => {
    await fill(60, 56)
    const proxy = closing(await startFaultProxy(agent.url))
    const followed = closing(await followConsul(proxy.address))
    expect(followed.registry.state()).toMatchObject({ mode: 'by node', services: 60 })
    for (const node of ['outside00', 'outside54', 'outside55', 'outside90']) {
      const one = { node, id: `${node}:new:80`, service: 'new' }
      await registerInstance(agent, { ...one, status: 'passing' })
      await hasStates(followed, 'new', { [one.id]: 'passing' })
      await registerInstance(agent, { ...one, status: 'critical' })
      await hasStates(followed, 'new', { [one.id]: 'critical' })
      await deregisterInstance(agent, node, one.id)
      await waitUntil('it is gone', () => !followed.registry.snapshot().services.has('new'))
    }
    expect(proxy.connections.most).toBeLessThanOrEqual(64)
  })
})

describe('a catalogue that grows', () => {
  it('is read by node from 41 services on, and nothing is lost on the way', async () => {
    await fill(38, 3)
    const followed = closing(await followConsul(agent.address))
    expect(followed.registry.state().mode).toBe('by service')
    await fill(45, 3)
    await waitUntil('all are there', () => followed.registry.snapshot().services.size === 45)
    await waitUntil('it is read by node', () => followed.registry.state().mode === 'by node')
    await deregisterInstance(agent, 'outside00', 'outside00:app0:80')
    await waitUntil('one is gone', () => followed.registry.snapshot().services.size === 44)
  })
})
