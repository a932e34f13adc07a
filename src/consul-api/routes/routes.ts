import { Hono } from 'hono'
import type { ConsulApi } from '../consul-api.ts'
import { agentRoutes } from './agent.ts'
import { catalogRoutes } from './catalog.ts'
import { kvRoutes } from './kv.ts'
import { answerJson, type ConsulEnv } from './request.ts'

/** What an agent calls its servers by; nothing listens there. */
const leader = '127.0.0.1:8300'

/** Parts of Consul's API that need a real Consul: sessions, elections, other datacenters, ACLs. */
const notOffered = [
  'acl/*',
  'agent/connect/*',
  'agent/force-leave/*',
  'agent/health/*',
  'agent/host',
  'agent/join/*',
  'agent/leave',
  'agent/maintenance',
  'agent/metrics',
  'agent/monitor',
  'agent/reload',
  'agent/token/*',
  'catalog/connect/*',
  'catalog/deregister',
  'catalog/gateway-services/*',
  'catalog/node-services/*',
  'catalog/register',
  'config/*',
  'connect/*',
  'coordinate/*',
  'event/*',
  'health/connect/*',
  'internal/*',
  'operator/*',
  'query/*',
  'session/*',
  'snapshot',
  'txn',
]

/**
 * Consul's HTTP API over the embedded registry. What the routes throw is answered by the app that
 * they are mounted in: a ConsulApiError by its status and its message as plain text.
 */
export function consulApiRoutes(api: ConsulApi): Hono<ConsulEnv> {
  const routes = new Hono<ConsulEnv>()
  routes.use('/v1/*', async (c, next) => {
    c.header('Vary', 'Accept-Encoding')
    await next()
  })
  routes.route('/', agentRoutes(api))
  routes.route('/', catalogRoutes(api))
  routes.route('/', kvRoutes(api))
  routes.get('/v1/status/leader', (c) => answerJson(c, JSON.stringify(leader)))
  routes.get('/v1/status/peers', (c) => answerJson(c, JSON.stringify([leader])))
  for (const path of notOffered) {
    routes.all(`/v1/${path}`, (c) =>
      c.text(`${c.req.path} is not offered by fairlead's embedded registry`, 501),
    )
  }
  return routes
}

/**
 * In place of those, where the registry is a Consul of its own: every request is told which to ask.
 */
export function consulElsewhereRoutes(addresses: readonly string[]): Hono<ConsulEnv> {
  const routes = new Hono<ConsulEnv>()
  const text = `the registry is Consul itself; ask ${addresses.join(' or ')}`
  routes.all('/v1/*', (c) => c.text(text, 501))
  return routes
}
