import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sampleCandidate, sampleEndpoint } from '../../test/support/samples.ts'
import type { Endpoint } from '../model/endpoint.ts'
import { EmbeddedRegistry } from '../registry/embedded/embedded-registry.ts'
import { ManualClock } from '../support/clock.ts'
import { ConsulApi } from './consul-api.ts'
import { registrationSource } from './registrations.ts'
import { readRegistration } from './service-definition.ts'

let folder: string
let clock: ManualClock
let embedded: EmbeddedRegistry
let api: ConsulApi

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-agent-'))
  clock = new ManualClock()
  await open()
})

afterEach(async () => {
  await api.stop()
  await rm(folder, { recursive: true, force: true })
})

/** As a start of fairlead does. */
async function open(): Promise<void> {
  embedded = new EmbeddedRegistry(join(folder, 'embedded.snapshot'), clock)
  await embedded.load()
  const node = 'pi1'
  api = await ConsulApi.open({ registry: embedded, clock, stateFolder: folder, node, version: '0' })
}

async function restart(): Promise<void> {
  await api.stop()
  await embedded.flush()
  await open()
}

function register(definition: object): Promise<void> {
  return api.agent.register(readRegistration(JSON.stringify(definition)), false)
}

function routed(id: string): Endpoint | undefined {
  const services = [...embedded.snapshot().services.values()]
  return services.flatMap(({ endpoints }) => endpoints).find((each) => each.id === id)
}

const web = { ID: 'web-1', Name: 'web', Address: '10.0.0.1', Port: 80 }
const ttl = { CheckID: 'ttl', TTL: '30s', Status: 'passing' }
const pass = { status: 'passing', output: 'ok' } as const

describe('a registered service', () => {
  it('is routed, and not any more once it is deregistered', async () => {
    await register(web)
    expect(routed('web-1')).toMatchObject({ service: 'web', address: '10.0.0.1', port: 80 })
    await api.agent.deregister('web-1')
    expect(routed('web-1')).toBeUndefined()
    expect(api.catalog.get('pi1', 'web-1')).toBeUndefined()
  })

  it('keeps its start time when it is registered again, and gets a new one at a new address', async () => {
    await register(web)
    await clock.advance(1000)
    await register({ ...web, Tags: ['b'] })
    expect(routed('web-1')).toMatchObject({ startedAtMs: 1_000_000, tags: ['b'] })
    await register({ ...web, Port: 81 })
    expect(routed('web-1')?.startedAtMs).toBe(1_001_000)
  })

  it('leaves the id of a container alone', async () => {
    const container = sampleCandidate([sampleEndpoint({ id: 'pi1:web-1:80' })])
    embedded.accept({
      source: 'docker:pi1',
      isComplete: true,
      upserts: [container],
      removals: [],
      cause: 'test',
      eventAtMs: undefined,
    })
    await expect(register({ ...web, ID: 'pi1:web-1:80' })).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining('belongs to container web-1'),
    })
    expect(api.agent.services()).toEqual([])
  })

  it('is refused as a whole when its name cannot be', async () => {
    await expect(register({ ...web, ID: 'a\nb' })).rejects.toMatchObject({ code: 'usage' })
    expect(api.agent.services()).toEqual([])
  })

  it('drains in maintenance, also when it is registered again', async () => {
    await register(web)
    await api.agent.setMaintenance('web-1', true, 'new disk')
    const drained = { health: 'maintenance', draining: { reason: 'new disk' } }
    expect(routed('web-1')).toMatchObject(drained)
    await register(web)
    expect(routed('web-1')).toMatchObject(drained)
    await api.agent.setMaintenance('web-1', false, '')
    expect(routed('web-1')).toMatchObject({ health: 'passing', draining: undefined })
  })
})

describe('a TTL check', () => {
  it('takes its service out when its time is over, to the millisecond, and brings it back', async () => {
    await register({ ...web, Check: ttl })
    expect(routed('web-1')).toMatchObject({ health: 'passing', isHealthReported: true })
    await clock.advance(29_999)
    expect(routed('web-1')?.health).toBe('passing')
    await clock.advance(1)
    expect(routed('web-1')).toMatchObject({
      health: 'critical',
      healthReason: 'check ttl is critical: TTL expired',
    })
    api.agent.heartbeat('ttl', pass)
    expect(routed('web-1')?.health).toBe('passing')
  })

  it('counts from the last heartbeat', async () => {
    await register({ ...web, Check: ttl })
    for (let beat = 0; beat < 5; beat++) {
      await clock.advance(20_000)
      api.agent.heartbeat('ttl', pass)
    }
    expect(routed('web-1')?.health).toBe('passing')
    await clock.advance(30_000)
    expect(routed('web-1')?.health).toBe('critical')
  })

  it('says of its output alone every five minutes, and changes nothing with the rest', async () => {
    await register({ ...web, Check: ttl })
    const published = (): string | undefined =>
      api.catalog.get('pi1', 'web-1')?.checks.get('ttl')?.check.output
    const revision = embedded.snapshot().revision
    for (let second = 0; second < 300; second += 20) {
      api.agent.heartbeat('ttl', { status: 'passing', output: `beat ${second}` })
      await clock.advance(20_000)
    }
    expect(published()).toBe('')
    expect(embedded.snapshot().revision).toBe(revision)
    api.agent.heartbeat('ttl', { status: 'passing', output: 'late' })
    expect(published()).toBe('late')
  })

  it('deregisters its service when it was critical for as long as that may be, a minute at least', async () => {
    const Check = { ...ttl, DeregisterCriticalServiceAfter: '10s' }
    await register({ ...web, Check })
    await clock.advance(30_000 + 59_999)
    expect(routed('web-1')?.health).toBe('critical')
    await clock.advance(1)
    expect(routed('web-1')).toBeUndefined()
    expect(api.agent.services()).toEqual([])
  })

  it('does not count a time before it has recovered', async () => {
    const Check = { ...ttl, DeregisterCriticalServiceAfter: '2m' }
    await register({ ...web, Check })
    await clock.advance(30_000 + 110_000)
    api.agent.heartbeat('ttl', pass)
    await clock.advance(30_000 + 119_999)
    expect(routed('web-1')?.health).toBe('critical')
    await clock.advance(1)
    expect(routed('web-1')).toBeUndefined()
  })

  it('is the worst of several that counts', async () => {
    const second = { ...ttl, CheckID: 'second' }
    await register({ ...web, Checks: [{ ...ttl, Status: 'warning' }, second] })
    expect(routed('web-1')?.health).toBe('warning')
    api.agent.heartbeat('second', { status: 'critical', output: 'down\nand more' })
    expect(routed('web-1')).toMatchObject({
      health: 'critical',
      healthReason: 'check second is critical: down',
    })
  })
})

describe('over a restart', () => {
  it('services stay with their checks and maintenance, and keys with their indexes', async () => {
    const meta = { Fairlead_Host: 'a.example' }
    await register({ ...web, Meta: meta, Check: { ...ttl, Status: 'warning' } })
    await register({ ID: 'named', Name: 'web', Address: 'db.example' })
    await api.agent.setMaintenance('named', true, 'why')
    api.keys.put('a', Buffer.from([0, 255]), 7)
    await api.saveKeys()
    const before = {
      services: api.agent.services().map(({ service, maintenance }) => [service, maintenance]),
      endpoint: routed('web-1'),
      key: api.keys.get('a'),
    }
    await restart()
    expect({
      services: api.agent.services().map(({ service, maintenance }) => [service, maintenance]),
      endpoint: routed('web-1'),
      key: api.keys.get('a'),
    }).toEqual(before)
    expect(api.agent.service('web-1')?.service.meta).toEqual(meta)
    expect(api.agent.service('web-1')?.checks.get('ttl')?.status).toBe('warning')
    await clock.advance(30_000)
    expect(routed('web-1')?.health).toBe('critical')
  })

  it('what was deregistered does not come back', async () => {
    await register(web)
    await api.agent.deregister('web-1')
    await restart()
    expect(api.agent.services()).toEqual([])
  })

  it('indexes go on upwards, also when the clock was set back', async () => {
    api.keys.put('a', Buffer.from('1'), 0)
    await api.saveKeys()
    const before = api.keys.indexOf('a')
    await api.stop()
    await embedded.flush()
    clock = new ManualClock(5000)
    await open()
    expect(api.keys.indexOf('other')).toBeGreaterThan(before)
    expect(api.catalog.indexOf('none', true)).toBeGreaterThan(before)
  })

  it('a registration that an earlier version has stored is one of this', async () => {
    const endpoint = sampleEndpoint({ id: 'web-1', health: 'maintenance', healthReason: 'why' })
    embedded.accept({
      source: registrationSource,
      isComplete: false,
      upserts: [sampleCandidate([endpoint], { key: 'web-1', kind: 'registration' })],
      removals: [],
      cause: 'test',
      eventAtMs: undefined,
    })
    await restart()
    expect(api.agent.service('web-1')).toMatchObject({
      service: { id: 'web-1', service: 'web', address: '10.0.0.1', port: 80 },
      maintenance: { reason: 'why' },
    })
    expect(routed('web-1')).toMatchObject({ health: 'maintenance', draining: { reason: 'why' } })
  })
})
