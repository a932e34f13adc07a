import { Hono } from 'hono'
import type { ConsulApi } from '../consul-api.ts'
import { ConsulApiError } from '../errors.ts'
import {
  healthChecksView,
  healthNodeView,
  healthServiceView,
  healthStateView,
  nodesView,
  nodeView,
  servicesView,
  serviceView,
} from '../views.ts'
import { datacenter } from '../wire.ts'
import { answerJson, answerView, refuseFilter, requiredRest, type ConsulEnv } from './request.ts'

/** No node has meta of its own, so that asking for one finds nothing. */
function refuseNodeMeta(asked: string | undefined): void {
  if (asked === undefined) return
  throw new ConsulApiError(400, 'node-meta is not supported by this registry: no node has any')
}

/**
 * The catalogue and the health of what is in it.
 * Source: https://developer.hashicorp.com/consul/api-docs/catalog and …/health
 */
export function catalogRoutes(api: ConsulApi): Hono<ConsulEnv> {
  const routes = new Hono<ConsulEnv>()
  const { catalog } = api
  for (const path of ['/v1/catalog/*', '/v1/health/*']) {
    routes.use(path, async (c, next) => {
      refuseFilter(c)
      refuseNodeMeta(c.req.query('node-meta'))
      await next()
    })
  }
  routes.get('/v1/catalog/datacenters', (c) => answerJson(c, JSON.stringify([datacenter])))
  routes.get('/v1/catalog/nodes', (c) => answerView(c, api, nodesView(catalog)))
  routes.get('/v1/catalog/services', (c) => answerView(c, api, servicesView(catalog)))
  routes.get('/v1/catalog/service/*', (c) => {
    const service = requiredRest(c, '/v1/catalog/service/', 'Missing service name')
    return answerView(c, api, serviceView(catalog, service, c.req.queries('tag') ?? []))
  })
  routes.get('/v1/catalog/node/*', (c) => {
    const node = requiredRest(c, '/v1/catalog/node/', 'Missing node name')
    return answerView(c, api, nodeView(catalog, node))
  })
  routes.get('/v1/health/service/*', (c) => {
    const service = requiredRest(c, '/v1/health/service/', 'Missing service name')
    const isPassingOnly = readPassing(c.req.query('passing'))
    const tags = c.req.queries('tag') ?? []
    return answerView(c, api, healthServiceView(catalog, service, tags, isPassingOnly))
  })
  routes.get('/v1/health/checks/*', (c) => {
    const service = requiredRest(c, '/v1/health/checks/', 'Missing service name')
    return answerView(c, api, healthChecksView(catalog, service))
  })
  routes.get('/v1/health/node/*', (c) => {
    const node = requiredRest(c, '/v1/health/node/', 'Missing node name')
    return answerView(c, api, healthNodeView(catalog, node))
  })
  routes.get('/v1/health/state/*', (c) => {
    const state = requiredRest(c, '/v1/health/state/', 'Missing check state')
    return answerView(c, api, healthStateView(catalog, state))
  })
  return routes
}

/** `?passing` alone means yes. */
function readPassing(text: string | undefined): boolean {
  if (text === undefined) return false
  if (/^(|1|t|T|true|TRUE|True)$/.test(text)) return true
  if (/^(0|f|F|false|FALSE|False)$/.test(text)) return false
  throw new ConsulApiError(400, 'Invalid value for ?passing')
}
