import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { sampleCandidate, sampleEndpoint } from '../../test/support/samples.ts'
import type { HealthEntry } from '../consul/types.ts'
import type { Endpoint } from '../model/endpoint.ts'
import { EmbeddedRegistry } from '../registry/embedded/embedded-registry.ts'
import { systemClock } from '../support/clock.ts'
import { ConsulApi } from './consul-api.ts'
import { InProcessConsul } from './in-process.ts'
import { consulApiRoutes } from './routes/routes.ts'

let folder = ''
let embedded: EmbeddedRegistry
let api: ConsulApi
let consul: InProcessConsul
let running: Promise<void>
let ending: AbortController

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fairlead-in-process-'))
  embedded = new EmbeddedRegistry(join(folder, 'registry.snapshot'), systemClock)
  await embedded.load()
  const own = {
    registry: embedded,
    clock: systemClock,
    stateFolder: folder,
    node: 'n1',
    version: '1',
  }
  api = await ConsulApi.open(own)
  consul = new InProcessConsul(consulApiRoutes(api))
  ending = new AbortController()
  running = api.run(ending.signal)
})

afterEach(async () => {
  consul.close()
  ending.abort()
  await api.stop()
  await running
  await embedded.flush()
  rmSync(folder, { recursive: true, force: true })
})

function observe(...endpoints: readonly Endpoint[]): void {
  embedded.accept({
    source: 'docker:n1',
    isComplete: true,
    upserts: endpoints.length === 0 ? [] : [sampleCandidate(endpoints)],
    removals: [],
    cause: 'full list',
    eventAtMs: undefined,
  })
}

const path = '/v1/health/service/web'

it('has the containers of this process as Consul would have them', async () => {
  observe(sampleEndpoint({ tags: ['v1'], meta: { tier: 'front' } }))
  const { value, index } = await consul.get<readonly HealthEntry[]>(path, {
    query: { passing: 1, tag: 'v1', stale: true },
  })
  expect(index).toBeGreaterThan(0)
  expect(value).toMatchObject([
    { Service: { Service: 'web', Address: '10.0.0.1', Port: 80, Meta: { tier: 'front' } } },
  ])
})

it('answers a blocking query when a container is being stopped', async () => {
  const endpoint = sampleEndpoint()
  observe(endpoint)
  const { index } = await consul.get(path, { query: { passing: 1 } })
  const next = consul.get<readonly HealthEntry[]>(path, {
    query: { passing: 1, index, wait: '60000ms' },
  })
  const draining = { reason: 'it got the stop signal', sinceMs: 0, untilMs: 1 }
  observe({ ...endpoint, draining })
  expect((await next).value).toEqual([])
})

it('has a key-value store, in which a key that is missing is an answer', async () => {
  expect((await consul.get('/v1/kv/a')).value).toBeUndefined()
  expect(await consul.put('/v1/kv/a', 'x')).toBe(true)
  expect((await consul.get('/v1/kv/a')).value).toMatchObject([{ Value: 'eA==' }])
  expect(await consul.delete('/v1/kv/a')).toBe(true)
})

it('refuses what Consul would, and ends what waits when it is closed or given up', async () => {
  const wrong = consul.get('/v1/kv/a', { query: { dc: 'elsewhere' } })
  await expect(wrong).rejects.toMatchObject({ code: 'consul_unreachable', status: 500 })
  const unknown = consul.get('/v1/health/connect/web')
  await expect(unknown).rejects.toMatchObject({ status: 501 })
  const { index } = await consul.get(path)
  const giving = new AbortController()
  const query = { index, wait: '60000ms' }
  const waiting = [consul.get(path, { query, signal: giving.signal }), consul.get(path, { query })]
  const all = Promise.allSettled(waiting)
  giving.abort()
  consul.close()
  expect((await all).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  await expect(consul.get(path)).rejects.toMatchObject({ code: 'consul_unreachable' })
})
