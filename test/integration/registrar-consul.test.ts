import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Candidate } from '../../src/model/candidate.ts'
import { asRegistratorDoes } from '../../src/registration/endpoint-to-registration.ts'
import { markedBy } from '../../src/registration/foreign.ts'
import type { RegistrarOptions } from '../../src/registration/registrar-options.ts'
import {
  containerId,
  idOf,
  labContainer,
  observation,
} from '../../src/registration/testing/registrar-lab.ts'
import { startConsul, type ConsulAgent } from '../support/consul/consul-agent.ts'
import { startFaultProxy, type FaultProxy } from '../support/consul/fault-proxy.ts'
import { RunningRegistrar } from '../support/running-registrar.ts'
import type { ProxiedRequest } from '../support/consul/faults.ts'

const registerPath = '/v1/agent/service/register'
const isWrite = ({ method }: ProxiedRequest): boolean => method === 'PUT'
const marked = { ...asRegistratorDoes, isOwnerMarked: true }

type Services = Readonly<
  Record<string, { Service: string; Tags: string[]; Meta: Record<string, string> }>
>
type Checks = Readonly<
  Record<string, { Status: string; Output: string; Notes: string; ServiceID: string }>
>

const containers = (from: number, to: number): readonly Candidate[] =>
  Array.from({ length: to - from + 1 }, (_, at) => labContainer(from + at))

describe('a registrar on a Consul agent', () => {
  let agent: ConsulAgent
  let proxy: FaultProxy
  let running: RunningRegistrar | undefined

  beforeAll(async () => {
    agent = await startConsul()
    proxy = await startFaultProxy(agent.url)
  })
  afterAll(async () => {
    await proxy.close()
    await agent.close()
  })
  beforeEach(async () => {
    for (const id of Object.keys(await services())) {
      await agent.api('PUT', `/v1/agent/service/deregister/${encodeURIComponent(id)}`)
    }
    proxy.forget()
  })
  afterEach(async () => {
    await running?.end()
    running = undefined
    proxy.heal()
    await proxy.accept()
  })

  const services = async (): Promise<Services> =>
    (await agent.api<Services>('GET', '/v1/agent/services')).body
  const checks = async (): Promise<Checks> =>
    (await agent.api<Checks>('GET', '/v1/agent/checks')).body
  const ids = async (): Promise<readonly string[]> => Object.keys(await services()).toSorted()
  const expected = (...numbers: readonly number[]) => numbers.map(idOf).toSorted()

  function start(options: Partial<RegistrarOptions> = {}): RunningRegistrar {
    running = new RunningRegistrar(`consul://${proxy.address}`, options)
    return running
  }

  it('registers each of 200 containers that start at once exactly once', async () => {
    const { registrar } = start()
    registrar.accept(observation({ isComplete: true }))
    for (const each of containers(1, 200)) registrar.accept(observation({ upserts: [each] }))
    await registrar.settled()
    expect(await ids()).toHaveLength(200)
    expect(proxy.count(registerPath)).toBe(200)
    expect(registrar.state()).toMatchObject({ wanted: 200, registered: 200, pending: 0 })
    expect(proxy.inFlight.most).toBeLessThanOrEqual(9)
    await registrar.verify()
    await registrar.settled()
    expect(proxy.count(isWrite)).toBe(200)
  })

  it('finds nothing to repair in what Consul keeps of nasty registrations', async () => {
    const nasty = labContainer(1, {
      service: 'Wéb shop/1',
      id: 'a/b c?#%"ü:80:udp',
      address: 'fd00::1',
      tags: ['b', 'a', 'b', ' c ', 'ü,é'],
      meta: { empty: '', long: 'x'.repeat(512), ['k'.repeat(128)]: 'ü' },
    })
    const { registrar } = start()
    registrar.accept(observation({ isComplete: true, upserts: [nasty] }))
    await registrar.settled()
    await registrar.verify()
    await registrar.settled()
    expect(proxy.count(isWrite)).toBe(1)
    registrar.accept(observation({ removals: [containerId(1)] }))
    await registrar.settled()
    expect(await ids()).toEqual([])
  })

  it('registers the others beside one that Consul refuses', async () => {
    const run = start()
    run.list(labContainer(1), labContainer(2, { meta: { 'a.b': '1' } }), labContainer(3))
    await run.registrar.settled()
    expect(await ids()).toEqual(expected(1, 3))
    expect(run.registrar.state().problems).toMatchObject([
      { where: `container web-2, service ${idOf(2)}`, what: /invalid characters/ },
    ])
    run.up(labContainer(2))
    await expect.poll(ids).toEqual(expected(1, 2, 3))
  })

  it('sends everything again once to an agent that came back empty', async () => {
    const run = start()
    run.list(...containers(1, 30))
    await run.registrar.settled()
    await agent.stop()
    run.up(labContainer(31))
    await agent.startEmpty()
    await expect.poll(ids, { timeout: 60_000 }).toHaveLength(31)
    await run.registrar.settled()
    expect(run.registrar.state().counters.registrations).toBe(61)
    expect(run.events.filter(({ kind }) => kind === 'refreshed')).toHaveLength(30)
  })

  it('brings the registry to the newest state after an outage', async () => {
    const run = start()
    run.list(...containers(1, 10))
    await run.registrar.settled()
    await proxy.refuse()
    run.die(1, 2)
    run.up(...containers(11, 15))
    run.die(11)
    run.up(labContainer(3, { tags: ['new'] }))
    await expect.poll(() => run.registrar.state().isReachable).toBe(false)
    proxy.forget()
    await proxy.accept()
    await expect
      .poll(ids, { timeout: 60_000 })
      .toEqual(expected(3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 14, 15))
    await run.registrar.settled()
    expect((await services())[idOf(3)]?.Tags).toEqual(['new'])
    expect(proxy.count(registerPath)).toBe(5)
    expect(run.registrar.state()).toMatchObject({ isReachable: true, problems: [] })
  })

  it('gets there through answers that are lost, late, broken or refusals', async () => {
    proxy.inject(isWrite, { kind: 'reset' }, 4)
    proxy.inject(isWrite, { kind: 'status', status: 500, body: 'rpc error' }, 4)
    proxy.inject('/v1/agent/services', { kind: 'truncate' }, 2)
    const run = start({ cycleMs: 300 })
    run.list(...containers(1, 20))
    run.die(20)
    await expect.poll(ids, { timeout: 60_000 }).toHaveLength(19)
    await run.registrar.settled()
    await expect.poll(() => run.registrar.state().problems, { timeout: 60_000 }).toEqual([])
  })

  it('waits for an agent that hangs, and loses nothing', async () => {
    const run = start()
    run.list(...containers(1, 5))
    await run.registrar.settled()
    await agent.freeze()
    run.die(1)
    run.up(labContainer(6))
    await expect.poll(() => proxy.inFlight.now).toBeGreaterThan(1)
    run.die(6)
    agent.thaw()
    await run.registrar.settled()
    expect(await ids()).toEqual(expected(2, 3, 4, 5))
  })

  it('writes nothing that an earlier run has written', async () => {
    const first = start()
    first.list(...containers(1, 20))
    await first.registrar.settled()
    await first.end()
    proxy.forget()
    const second = start({ dangling: () => [] })
    second.list(...containers(2, 20))
    await second.registrar.settled()
    expect(proxy.count(isWrite)).toBe(0)
    expect(second.events).toHaveLength(19)
  })

  it('removes what an earlier run left of containers that are gone', async () => {
    const first = start({ registration: marked })
    first.list(...containers(1, 3))
    await first.registrar.settled()
    await first.end()
    await agent.api('PUT', registerPath, { ID: 'by-hand', Name: 'by-hand', Port: 1 })
    const second = start({ registration: marked, dangling: markedBy(new Set(['pi1'])) })
    second.list(labContainer(3))
    await expect.poll(ids).toEqual(['by-hand', idOf(3)])
  })

  it('drains in Consul before it deregisters', async () => {
    const run = start({ deregisterOn: 'drain' })
    run.list(labContainer(1))
    await run.registrar.settled()
    const draining = { reason: 'SIGTERM', sinceMs: 0, untilMs: 1 }
    run.up(labContainer(1, { draining }))
    await run.registrar.settled()
    const check = (await checks())[`_service_maintenance:${idOf(1)}`]
    expect(check).toMatchObject({ Status: 'critical', Notes: 'fairlead: SIGTERM' })
    run.up(labContainer(1))
    await run.registrar.settled()
    expect(Object.keys(await checks())).toEqual([])
    run.up(labContainer(1, { draining }))
    run.die(1)
    await run.registrar.settled()
    expect(await ids()).toEqual([])
  })

  it('keeps the check of a HEALTHCHECK alive, and in its state', async () => {
    const run = start({ registration: { ...asRegistratorDoes, healthTtlMs: 4000 } })
    const seen = new Set<string>()
    const status = async (): Promise<string> => {
      const check = (await checks())[`docker-health:${idOf(1)}`]
      seen.add(`${check?.Status} ${check?.Output}`.trim())
      return check?.Status ?? ''
    }
    run.list(labContainer(1, { isHealthReported: true }))
    await run.registrar.settled()
    // Long enough for a machine that is busy; four heart-beats are at least one and a half of it.
    const beats = async (): Promise<number> => {
      await status()
      return run.registrar.state().counters.heartbeats
    }
    await expect.poll(beats, { timeout: 60_000 }).toBeGreaterThan(3)
    expect([...seen]).toEqual(['passing'])
    run.up(labContainer(1, { isHealthReported: true, health: 'critical', healthReason: 'exit 1' }))
    await run.registrar.settled()
    expect(await status()).toBe('critical')
    expect(seen).toContain('critical exit 1')
    expect(proxy.count(registerPath)).toBe(1)
  })

  it('ends checks that its service no longer has', async () => {
    const registration = {
      ...asRegistratorDoes,
      checks: { areSeveralMade: true, isExtended: true, areCommandsMade: true },
    }
    const run = start({ registration })
    run.list(labContainer(1, { meta: { check_ttl: '1h', check_2_ttl: '2h' } }))
    await run.registrar.settled()
    expect(Object.keys(await checks())).toHaveLength(2)
    run.up(labContainer(1, { meta: { check_ttl: '1h' } }))
    await run.registrar.settled()
    expect(Object.keys(await checks())).toEqual([`service:${idOf(1)}`])
  })

  describe('beside another program that registers the same containers', () => {
    const options = { registration: marked, isForeignRespected: true, cycleMs: 1000 }
    const theirs = { ID: 'host:web-1:80', Name: 'web', Address: '10.0.0.1', Port: 80 }

    it('leaves a container to it, and takes it over when it lets go', async () => {
      await agent.api('PUT', registerPath, theirs)
      const run = start(options)
      run.list(labContainer(1), labContainer(2))
      await run.registrar.settled()
      expect(await ids()).toEqual([theirs.ID, idOf(2)])
      await agent.api('PUT', `/v1/agent/service/deregister/${theirs.ID}`)
      await expect.poll(ids, { timeout: 60_000 }).toEqual(expected(1, 2))
    })

    it('ends in exactly one registration when both come at the same moment', async () => {
      const run = start(options)
      run.list()
      await run.registrar.settled()
      const both = containers(1, 20).map(async (each, at) => {
        run.up(each)
        const address = `10.0.0.${at + 1}`
        const body = { ...theirs, ID: `host:web-${at + 1}:80`, Address: address }
        await agent.api('PUT', registerPath, body)
      })
      await Promise.all(both)
      await expect
        .poll(ids, { timeout: 60_000 })
        .toEqual(Array.from({ length: 20 }, (_, at) => `host:web-${at + 1}:80`).toSorted())
      await expect.poll(() => run.registrar.state().foreign).toHaveLength(20)
    })
  })
})

describe('a registrar whose token may register some services only', () => {
  it('registers those, says which it may not, and takes them up when it may', async () => {
    const agent = await startConsul({ acl: true })
    let running: RunningRegistrar | undefined
    try {
      const rules = (names: readonly string[]): string =>
        names.map((name) => `service "${name}" { policy = "write" }`).join('\n')
      const policy = { Name: 'registrar', Rules: rules(['web']) }
      const made = await agent.api<{ ID: string }>('PUT', '/v1/acl/policy', policy)
      const { body: token } = await agent.api<{ SecretID: string }>('PUT', '/v1/acl/token', {
        Policies: [{ Name: 'registrar' }],
      })
      running = new RunningRegistrar(`consul://${agent.address}`, {}, token.SecretID)
      running.list(labContainer(1), labContainer(2, { service: 'secret' }))
      await running.registrar.settled()
      const ids = async (): Promise<readonly string[]> =>
        Object.keys((await agent.api<Services>('GET', '/v1/agent/services')).body)
      expect(await ids()).toEqual([idOf(1)])
      expect(running.registrar.state().problems).toMatchObject([{ what: /Permission denied|403/ }])
      await agent.api('PUT', `/v1/acl/policy/${made.body.ID}`, {
        ...policy,
        ID: made.body.ID,
        Rules: rules(['web', 'secret']),
      })
      await expect.poll(ids, { timeout: 60_000 }).toHaveLength(2)
    } finally {
      await running?.end()
      await agent.close()
    }
  })
})
