import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { consulOptions, type Environment } from '../../src/consul/address.ts'
import { ConsulClient } from '../../src/consul/client.ts'
import type { Answer, WatchState } from '../../src/consul/contract.ts'
import { watch, type WatchOptions } from '../../src/consul/watch.ts'
import { systemClock } from '../../src/support/clock.ts'
import { startConsul, type ConsulAgent } from '../support/consul/consul-agent.ts'
import { startConsulCluster } from '../support/consul/consul-cluster.ts'
import { startFaultProxy, type FaultProxy } from '../support/consul/fault-proxy.ts'
import { freePorts } from '../support/ports.ts'
import { waitUntil } from '../support/wait-until.ts'

const closers: (() => Promise<void> | void)[] = []

afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

function closing<T extends { close(): Promise<void> | void }>(opened: T): T {
  closers.push(() => opened.close())
  return opened
}

const clientOf = (uri: string, environment: Environment = {}, mostConnections = 48): ConsulClient =>
  closing(new ConsulClient(consulOptions(uri, environment), { mostConnections }))

type Followed = { readonly answers: Answer<unknown>[]; readonly states: WatchState[] }

/** Follows a path until the test is over. */
function follow(client: ConsulClient, path: string, options: Partial<WatchOptions> = {}): Followed {
  const followed: Followed = { answers: [], states: [] }
  const stop = new AbortController()
  const onState = (state: WatchState): void => void followed.states.push(state)
  const run = async (): Promise<void> => {
    const all = { clock: systemClock, signal: stop.signal, onState, ...options }
    for await (const answer of watch(client, path, all)) followed.answers.push(answer)
  }
  const running = run()
  closing({
    close: async () => {
      stop.abort()
      await running
    },
  })
  return followed
}

const names = ({ answers }: Followed): string[] => Object.keys(answers.at(-1)?.value ?? {})
const services = '/v1/catalog/services'

describe('a client of a real agent', () => {
  let agent: ConsulAgent
  let proxy: FaultProxy

  beforeAll(async () => {
    agent = await startConsul({ socket: true })
    proxy = await startFaultProxy(agent.url)
  })
  afterAll(async () => {
    await proxy.close()
    await agent.close()
  })
  afterEach(() => {
    proxy.heal()
    proxy.forget()
  })

  const register = async (name: string): Promise<void> => {
    const { status } = await agent.api('PUT', '/v1/agent/service/register', {
      Name: name,
      Port: 80,
    })
    expect(status).toBe(200)
  }

  it('passes over an address where nobody listens', async () => {
    const [dead = 0] = await freePorts(1)
    const client = clientOf(`consul://127.0.0.1:${dead},${agent.address}`)
    await client.put('/v1/agent/service/register', { Name: 'over-dead', Port: 1 })
    const { value } = await client.get<Record<string, unknown>>('/v1/agent/services')
    expect(Object.keys(value)).toContain('over-dead')
    expect(client.address).toBe(agent.address)
  })

  it('speaks over a unix socket', async () => {
    const client = clientOf(`consul-unix://${agent.socket}`)
    expect((await client.get('/v1/status/leader')).value).toMatch(/^127\.0\.0\.1:/)
  })

  it('sends names and values so that Consul reads them as they were', async () => {
    const client = clientOf(`consul://${agent.address}`)
    const name = 'a/b c?#ü'
    await client.put('/v1/agent/service/register', { Name: name, Port: 1 })
    const path = `/v1/catalog/service/${encodeURIComponent(name)}`
    const { value } = await client.get<{ ServiceName: string }[]>(path)
    expect(value.map(({ ServiceName }) => ServiceName)).toEqual([name])
    expect(await client.put('/v1/kv/fairlead-t/x', '10.0.0.1:80')).toBe(true)
    const { value: raw } = await client.get<{ Value: string }[]>('/v1/kv/fairlead-t/x')
    expect(Buffer.from(raw[0]?.Value ?? '', 'base64').toString()).toBe('10.0.0.1:80')
    expect(await client.delete('/v1/kv/fairlead-t/x')).toBe(true)
    expect((await client.get('/v1/kv/fairlead-t/x')).value).toBeUndefined()
  })

  it.each<[string, object, number]>([
    ['meta with an impossible key', { Name: 'x', Meta: { 'a b': 'c' } }, 400],
    ['a check without an interval', { Name: 'x', Check: { HTTP: 'http://127.0.0.1' } }, 400],
    [
      'a script check that is not enabled',
      { Name: 'x', Check: { ScriptArgs: ['a'], Interval: '1s' } },
      500,
    ],
  ])('calls %s refused', async (_, definition, status) => {
    const client = clientOf(`consul://${agent.address}`)
    const registering = client.put('/v1/agent/service/register', definition)
    await expect(registering).rejects.toMatchObject({ code: 'consul_refused', status })
  })

  it('wakes a watch once for each change, with one request for it', async () => {
    const client = clientOf(`consul://${proxy.address}`)
    const followed = follow(client, services)
    await waitUntil('the first answer', () => followed.answers.length === 1)
    await waitUntil('the request that blocks', () => proxy.inFlight.now === 1)
    await register('woken')
    await waitUntil('the change', () => names(followed).includes('woken'))
    await waitUntil('the next request', () => {
      return proxy.inFlight.now === 1 && proxy.count(services) > followed.answers.length
    })
    const indexes = followed.answers.map(({ index }) => index)
    expect(new Set(indexes).size).toBe(indexes.length)
    expect(proxy.count(services)).toBe(followed.answers.length + 1)
  })

  it('ends the blocked request at the agent too when a watch ends', async () => {
    const client = clientOf(`consul://${proxy.address}`)
    const stop = new AbortController()
    const watching = watch(client, services, { clock: systemClock, signal: stop.signal })
    await watching.next()
    const next = watching.next()
    await waitUntil('the request that blocks', () => proxy.count('index=') === 1)
    stop.abort()
    expect((await next).done).toBe(true)
    await waitUntil('nothing under way', () => proxy.inFlight.now === 0)
    expect(client.connections.open).toBe(0)
  })

  it('starts a watch anew when the index goes backwards', async () => {
    const client = clientOf(`consul://${proxy.address}`)
    const followed = follow(client, services)
    await waitUntil('the request that blocks', () => proxy.count('index=') === 1)
    proxy.inject('index=', { kind: 'index', rewrite: () => 1 }, 1)
    await register('forwards')
    await waitUntil('the request whose index goes back', () => proxy.count('index=') === 2)
    await register('backwards')
    await waitUntil('the change', () => names(followed).includes('backwards'))
    await waitUntil('to block again', () => proxy.count('index=') === 3)
    const isBlocking = proxy.requests.map(({ path }) => path.includes('index='))
    expect(isBlocking).toEqual([false, true, true, false, true])
    await register('after-backwards')
    await waitUntil('a later change', () => names(followed).includes('after-backwards'))
  })

  it.each([
    ['a reset', { kind: 'reset' }, 2],
    ['half of the JSON', { kind: 'truncate' }, 1],
    ['a connection cut within the answer', { kind: 'cut' }, 1],
    ['429', { kind: 'status', status: 429, body: 'Your IP is issuing too many' }, 1],
    ['500', { kind: 'status', status: 500, body: 'No cluster leader' }, 1],
  ] as const)(
    'shows %s in the state of a watch, and is current again soon',
    async (_, fault, times) => {
      const client = clientOf(`consul://${proxy.address}`)
      // Twice for a reset: the first on a kept connection is asked again at once.
      const inject = (): unknown => proxy.inject(services, fault, times)
      inject()
      const followed = follow(client, services)
      await waitUntil('the first answer', () => followed.answers.length === 1)
      expect(followed.states.at(-1)?.state).toBe('current')
      expect(followed.states.some(({ state }) => state === 'waiting')).toBe(true)
      expect(
        followed.states
          .filter(({ error }) => error !== '')
          .every(({ error }) => error.startsWith(`Consul at ${proxy.address}: `)),
      ).toBe(true)
      expect(proxy.count(services)).toBeLessThan(6)
    },
  )

  it('asks another agent when one answers 500, and the read succeeds', async () => {
    proxy.inject(() => true, { kind: 'status', status: 500, body: 'No cluster leader' })
    const client = clientOf(`consul://${proxy.address},${agent.address}`)
    expect((await client.get('/v1/status/leader')).value).toMatch(/^127/)
    expect(proxy.count('leader')).toBe(1)
  })

  it('waits for an answer that takes two seconds, but not longer than it may', async () => {
    proxy.inject(() => true, { kind: 'delay', delayMs: 2000 })
    const client = clientOf(`consul://${proxy.address}`)
    expect((await client.get('/v1/status/leader')).value).toMatch(/^127/)
    const hasty = client.get('/v1/status/leader', { timeoutMs: 200 })
    await expect(hasty).rejects.toThrow('no answer within 200 ms')
  })

  it('follows 20 paths with a burst of reads over no more connections than it may have', async () => {
    const client = clientOf(`consul://${proxy.address}`, {}, 24)
    const followed = Array.from({ length: 20 }, (_, index) =>
      follow(client, `/v1/health/service/many-${index}`),
    )
    await waitUntil('all to block', () => proxy.inFlight.now === 20)
    const reads = Array.from({ length: 100 }, () => client.get('/v1/agent/services'))
    await Promise.all(reads)
    expect(proxy.connections.most).toBeLessThanOrEqual(24)
    expect(client.connections.most).toBe(24)
    // A restart of the way there: all come back, over no more.
    proxy.disconnect()
    await waitUntil(
      'all to block again',
      () =>
        followed.every(({ states }) => states.at(-1)?.state === 'current') &&
        proxy.inFlight.now === 20,
    )
    expect(client.connections.most).toBe(24)
  })
})

describe('a client of an agent that', () => {
  it('wants a token is refused without, and not with it', async () => {
    const agent = closing(await startConsul({ acl: true }))
    const uri = `consul://${agent.address}`
    const definition = { Name: 'web', Port: 80 }
    const register = (environment: Environment): Promise<unknown> =>
      clientOf(uri, environment).put('/v1/agent/service/register', definition)
    await expect(register({})).rejects.toMatchObject({ code: 'consul_refused', status: 403 })
    const unknown = '00000000-0000-4000-8000-000000000001'
    const error: unknown = await register({ CONSUL_HTTP_TOKEN: unknown }).catch(
      (thrown: unknown) => thrown,
    )
    expect(error).toMatchObject({
      status: 403,
      hint: expect.stringContaining('CONSUL_HTTP_TOKEN') as string,
    })
    expect(String(error)).not.toContain(unknown)
    expect(await register({ CONSUL_HTTP_TOKEN: agent.token })).toBeUndefined()
  })

  it('speaks TLS is believed only with its authority, and wants the certificate it asks for', async () => {
    const agent = closing(await startConsul({ tls: 'mutual' }))
    const { caFile, certFile, keyFile } = agent.tls
    const leader = async (
      environment: Environment,
      uri = `consul-tls://${agent.address}`,
    ): Promise<unknown> => (await clientOf(uri, environment).get('/v1/status/leader')).value
    const own = { CONSUL_CLIENT_CERT: certFile, CONSUL_CLIENT_KEY: keyFile }
    expect(await leader({ ...own, CONSUL_CACERT: caFile })).toMatch(/^127/)
    expect(await leader({ ...own, CONSUL_HTTP_SSL_VERIFY: 'false' })).toMatch(/^127/)
    const older = { CONSUL_TLSCERT: certFile, CONSUL_TLSKEY: keyFile, CONSUL_CACERT: caFile }
    expect(await leader(older)).toMatch(/^127/)
    const overVariable = { ...own, CONSUL_CACERT: caFile, CONSUL_HTTP_ADDR: agent.url }
    expect(await leader(overVariable, 'consul://')).toMatch(/^127/)
    await expect(leader(own)).rejects.toMatchObject({
      code: 'consul_unreachable',
      hint: expect.stringContaining('CONSUL_CACERT') as string,
    })
    await expect(leader({ CONSUL_CACERT: caFile })).rejects.toMatchObject({
      code: 'consul_unreachable',
      hint: expect.stringContaining('CONSUL_CLIENT_CERT') as string,
    })
    await expect(leader({}, `consul://${agent.address}`)).rejects.toMatchObject({
      hint: expect.stringContaining('consul-tls://') as string,
    })
    const wrongName = { ...own, CONSUL_CACERT: caFile, CONSUL_TLS_SERVER_NAME: 'other.example' }
    await expect(leader(wrongName)).rejects.toMatchObject({
      hint: expect.stringContaining('CONSUL_TLS_SERVER_NAME') as string,
    })
  })

  it('is killed, started and started empty is followed again, with what it then has', async () => {
    const agent = closing(await startConsul())
    await agent.api('PUT', '/v1/agent/service/register', { Name: 'kept', Port: 80 })
    const client = clientOf(`consul://${agent.address}`)
    const followed = follow(client, services)
    await waitUntil('the service', () => names(followed).includes('kept'))
    const answersBefore = followed.answers.length

    await agent.kill()
    await waitUntil('the failure', () => followed.states.at(-1)?.state === 'waiting')
    expect(followed.states.at(-1)?.error).toMatch(/ECONN(REFUSED|RESET)/)
    await agent.start()
    await waitUntil('to be current', () => followed.states.at(-1)?.state === 'current', 60_000)
    expect(names(followed)).toContain('kept')

    await agent.kill()
    await agent.startEmpty()
    await waitUntil('the loss', () => !names(followed).includes('kept'), 60_000)
    expect(followed.answers.length).toBeGreaterThan(answersBefore)
    await agent.api('PUT', '/v1/agent/service/register', { Name: 'new', Port: 80 })
    await waitUntil('the new service', () => names(followed).includes('new'))
  })

  it('stops answering on its open connections is left for another', async () => {
    const [agent, other] = [closing(await startConsul()), closing(await startConsul())]
    await other.api('PUT', '/v1/agent/service/register', { Name: 'elsewhere', Port: 80 })
    const client = clientOf(`consul://${agent.address},${other.address}`)
    await client.get('/v1/status/leader')
    await agent.freeze()
    await expect(client.put('/v1/kv/fairlead-t/x', '1', { timeoutMs: 300 })).rejects.toThrow(
      'no answer within 300 ms',
    )
    const { value } = await client.get<object>(services, { timeoutMs: 10_000 })
    expect(Object.keys(value)).toContain('elsewhere')
    agent.thaw()
  })
})

describe('a client of a cluster', () => {
  it('sees a lost quorum as stale with stale reads, as waiting without, and both recover', async () => {
    const cluster = closing(await startConsulCluster(3))
    const [first, ...others] = cluster.servers
    if (first === undefined) throw new Error('no servers')
    await first.api('PUT', '/v1/agent/service/register', { Name: 'web', Port: 80 })
    const client = clientOf(`consul://${first.address}`)
    const stale = follow(client, services, { query: { stale: true }, waitMs: 2000 })
    const consistent = follow(client, services, { waitMs: 2000 })
    const state = ({ states }: Followed): string | undefined => states.at(-1)?.state
    await waitUntil('both', () => [stale, consistent].every((each) => names(each).includes('web')))
    await Promise.all(others.map((server) => server.kill()))
    await waitUntil('stale', () => state(stale) === 'stale', 60_000)
    await waitUntil('waiting', () => state(consistent) === 'waiting', 60_000)
    expect(names(stale)).toContain('web')
    await Promise.all(others.map((server) => server.start()))
    await waitUntil(
      'current',
      () => [stale, consistent].every((each) => state(each) === 'current'),
      60_000,
    )
    expect(names(consistent)).toContain('web')
  })
})
