import { createHash } from 'node:crypto'
import { Hono } from 'hono'
import { isCheckStatus, readCheck } from '../check-definition.ts'
import type { ConsulApi } from '../consul-api.ts'
import { ConsulApiError } from '../errors.ts'
import { parseFields, stringField } from '../fields.ts'
import type { CheckStatus } from '../instance.ts'
import { maintenanceCheck, type LocalState } from '../local-state.ts'
import { readRegistration } from '../service-definition.ts'
import { datacenter, nodeId, wireLocalCheck, wireLocalService } from '../wire.ts'
import {
  answerJson,
  readEnable,
  refuseFilter,
  requiredRest,
  restOfPath,
  type ConsulEnv,
} from './request.ts'

/** The version of Consul whose API this is; fairlead's own is build metadata, which clients pass over. */
export const spokenVersion = '1.8.7'

const statuses: Readonly<Record<string, CheckStatus>> = {
  pass: 'passing',
  warn: 'warning',
  fail: 'critical',
}

/**
 * This machine's agent: services and checks that programs register.
 * Source: https://developer.hashicorp.com/consul/api-docs/agent
 */
export function agentRoutes(api: ConsulApi): Hono<ConsulEnv> {
  const routes = new Hono<ConsulEnv>()
  const { agent } = api
  routes.get('/v1/agent/self', (c) => answerJson(c, JSON.stringify(self(api))))
  routes.get('/v1/agent/members', (c) => answerJson(c, JSON.stringify([member(api)])))
  routes.get('/v1/agent/services', (c) => {
    refuseFilter(c)
    const all = agent.services().map(({ service }) => [service.id, wireLocalService(service)])
    return answerJson(c, JSON.stringify(Object.fromEntries(all)))
  })
  routes.get('/v1/agent/checks', (c) => {
    refuseFilter(c)
    const all = agent.services().flatMap((state) => wireChecks(api.node, state))
    return answerJson(c, JSON.stringify(Object.fromEntries(all)))
  })
  routes.put('/v1/agent/service/register', async (c) => {
    const areReplaced = /^(|1|t|true)$/i.test(c.req.query('replace-existing-checks') ?? 'no')
    await agent.register(readRegistration(await c.req.text()), areReplaced)
    return c.body(null, 200)
  })
  routes.put('/v1/agent/service/deregister/*', async (c) => {
    const id = restOfPath(c, '/v1/agent/service/deregister/')
    if (id === '') throw new ConsulApiError(500, 'ServiceID missing')
    await agent.deregister(id)
    return c.body(null, 200)
  })
  routes.put('/v1/agent/service/maintenance/*', async (c) => {
    const id = requiredRest(c, '/v1/agent/service/maintenance/', 'Missing service ID')
    await agent.setMaintenance(id, readEnable(c.req.query('enable')), c.req.query('reason') ?? '')
    return c.body(null, 200)
  })
  routes.get('/v1/agent/service/*', (c) => {
    const id = requiredRest(c, '/v1/agent/service/', 'Missing service ID')
    const found = agent.service(id)
    if (found === undefined) throw new ConsulApiError(404, `unknown service ID: ${id}`)
    const wire = wireLocalService(found.service)
    const hash = createHash('sha256').update(JSON.stringify(wire)).digest('hex').slice(0, 16)
    c.header('X-Consul-ContentHash', hash)
    return answerJson(c, JSON.stringify({ ...wire, ContentHash: hash }))
  })
  routes.put('/v1/agent/check/register', async (c) => {
    const text = await c.req.text()
    const serviceId = stringField(parseFields(text), 'ServiceID')
    const given = readCheck(JSON.parse(text) ?? {})
    if (given === undefined || given.name === '') {
      throw new ConsulApiError(400, 'Missing check name')
    }
    if (serviceId === '') {
      throw new ConsulApiError(500, 'checks of the node are not run by fairlead; name a ServiceID')
    }
    await agent.addCheck({ ...given, id: given.id || given.name }, serviceId)
    return c.body(null, 200)
  })
  routes.put('/v1/agent/check/deregister/*', async (c) => {
    await agent.removeCheck(restOfPath(c, '/v1/agent/check/deregister/'))
    return c.body(null, 200)
  })
  routes.put('/v1/agent/check/update/*', async (c) => {
    const fields = parseFields(await c.req.text())
    const status = stringField(fields, 'Status')
    if (!isCheckStatus(status)) throw new ConsulApiError(400, `Invalid check status: '${status}'`)
    const output = stringField(fields, 'Output')
    agent.heartbeat(restOfPath(c, '/v1/agent/check/update/'), { status, output })
    return c.body(null, 200)
  })
  for (const [word, status] of Object.entries(statuses)) {
    const prefix = `/v1/agent/check/${word}/`
    routes.put(`${prefix}*`, (c) => {
      agent.heartbeat(restOfPath(c, prefix), { status, output: c.req.query('note') ?? '' })
      return c.body(null, 200)
    })
  }
  return routes
}

function wireChecks(node: string, state: LocalState): readonly [string, object][] {
  const { service, checks, maintenance } = state
  const own = [...checks.values()].map((running): [string, object] => {
    const { check, status, output } = running
    return [
      check.id,
      wireLocalCheck(node, check, { status, output, type: check.kind.type }, service),
    ]
  })
  if (maintenance === undefined) return own
  const check = maintenanceCheck(service.id, maintenance.reason)
  return [...own, [check.id, wireLocalCheck(node, check, check, service)]]
}

function self(api: ConsulApi): object {
  return {
    Config: {
      Datacenter: datacenter,
      NodeName: api.node,
      NodeID: nodeId(api.node),
      Revision: '',
      Server: true,
      Version: `${spokenVersion}+fairlead.${api.version.replaceAll('+', '.')}`,
    },
    Member: member(api),
    Meta: {},
  }
}

/** This machine as the one member there is. */
function member(api: ConsulApi): object {
  return {
    Name: api.node,
    Addr: '127.0.0.1',
    Port: 8301,
    Tags: { dc: datacenter, role: 'consul', build: `${spokenVersion}:`, id: nodeId(api.node) },
    Status: 1,
    ProtocolMin: 1,
    ProtocolMax: 5,
    ProtocolCur: 2,
    DelegateMin: 2,
    DelegateMax: 5,
    DelegateCur: 4,
  }
}
