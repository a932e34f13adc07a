import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { EmbeddedRegistry } from '../../registry/embedded/embedded-registry.ts'
import { ManualClock } from '../../support/clock.ts'
import { ConsulApi } from '../consul-api.ts'
import { consulApiRoutes, consulElsewhereRoutes } from './routes.ts'

it('has every route in docs/api.md, with an example', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-routes-'))
  const clock = new ManualClock()
  const registry = new EmbeddedRegistry(join(folder, 'registry.snapshot'), clock)
  const stateFolder = folder
  const api = await ConsulApi.open({ registry, clock, stateFolder, node: 'n1', version: '0' })
  const app = consulApiRoutes(api)
  await api.stop()
  await rm(folder, { recursive: true })

  const page = await readFile('docs/api.md', 'utf8')
  const listed = [...page.matchAll(/^\| \[`(\w+ \/v1\/\S+)`\]/gm)].map((match) =>
    (match[1] ?? '').replace(/:\w+$/, '*'),
  )
  const routes = app.routes
    .filter((route) => route.method !== 'ALL')
    .map((route) => `${route.method} ${route.path}`)
  expect(listed.toSorted()).toEqual(routes.toSorted())
  for (const route of routes) {
    const path = route.replace(/^\w+ (.*?)\*?$/, '$1')
    expect(page, route).toMatch(new RegExp(`^curl .*http://127.0.0.1:7400${path}`, 'm'))
  }
})

it('says where the registry is when it is Consul itself', async () => {
  const app = consulElsewhereRoutes(['http://10.0.0.1:8500'])
  const response = await app.request('/v1/kv/a', { method: 'PUT', body: 'x' })
  expect(response.status).toBe(501)
  expect(await response.text()).toContain('http://10.0.0.1:8500')
})
