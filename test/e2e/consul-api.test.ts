import { readFile } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { hostname } from 'node:os'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { EndpointReport } from '../../src/api/contract.ts'
import { askConsul } from '../support/consul/consul-api.ts'
import { serve, type TestServer } from '../support/plain-servers.ts'
import { end, Stage } from './support/stage.ts'
import { freePort } from '../support/ports.ts'

let stage: Stage
const servers: TestServer[] = []

beforeEach(async () => {
  stage = await Stage.open({ hasImage: false })
})
afterEach(async () => {
  await stage.close()
  for (const server of servers.splice(0)) await server.close()
})

async function server(
  answer: (path: string, response: ServerResponse) => void,
): Promise<TestServer> {
  const made = await serve((request, response) => answer(request.url ?? '', response))
  servers.push(made)
  return made
}

async function endpointOf(id: string): Promise<EndpointReport | undefined> {
  const { services } = await stage.status()
  return services.flatMap(({ endpoints }) => endpoints).find((each) => each.id === id)
}

function untilAdmin(id: string, admin: EndpointReport['admin'] | undefined): Promise<void> {
  const is = async (): Promise<boolean> => {
    const { isApplied, services } = await stage.status()
    const endpoint = services.flatMap(({ endpoints }) => endpoints).find((each) => each.id === id)
    return isApplied && endpoint?.admin === admin
  }
  return stage.until(is, `${id} is ${admin ?? 'gone'}`)
}

/** Registers by Consul's call; routed by its meta. */
async function register(id: string, port: number, check: object): Promise<void> {
  const { status, body } = await stage.api('PUT', '/v1/agent/service/register', {
    ID: id,
    Name: 'legacy',
    Address: '127.0.0.1',
    Port: port,
    Meta: { fairlead_enable: 'true' },
    Check: check,
  })
  if (status !== 200) throw new Error(body)
}

const put = (path: string): Promise<{ status: number }> => stage.api('PUT', path)

it('a check takes its service out of HAProxy and brings it back, over a restart of fairlead too', async () => {
  let health = 200
  const first = await server((path, response) => {
    response.writeHead(path === '/health' ? health : 200).end('first')
  })
  const second = await server((_path, response) => response.end('second'))
  const daemon = await stage.up('--docker', 'none')
  const check = { HTTP: `http://127.0.0.1:${first.port}/health`, Interval: '1s' }
  await register('first', first.port, check)
  await register('second', second.port, { CheckID: 'ttl', TTL: '10m', Status: 'passing' })
  await stage.untilServing('legacy', 2)

  health = 500
  await untilAdmin('first', 'maint')
  expect((await endpointOf('first'))?.healthReason).toContain('500 Internal Server Error')
  expect((await endpointOf('second'))?.admin).toBe('ready')

  await put('/v1/agent/check/fail/ttl?note=by%20hand')
  await untilAdmin('second', 'maint')
  expect((await endpointOf('second'))?.healthReason).toBe('check ttl is critical: by hand')

  await end(daemon, 'SIGTERM')
  health = 200
  await stage.up('--docker', 'none')
  await untilAdmin('first', 'ready')
  expect((await endpointOf('second'))?.admin).toBe('maint')
  await put('/v1/agent/check/pass/ttl')
  await stage.untilServing('legacy', 2)
})

it('maintenance lets the requests under way end, and gives no new ones', async () => {
  const slow: ServerResponse[] = []
  const first = await server((path, response) => {
    if (path === '/slow') slow.push(response)
    else response.end('first')
  })
  const second = await server((_path, response) => response.end('second'))
  await stage.up('--docker', 'none')
  await register('first', first.port, {})
  await stage.untilServing('legacy', 1)
  const url = `http://127.0.0.1:${stage.port}`
  const underWay = askConsul(url, 'GET', '/slow')
  await stage.until(() => slow.length === 1, 'the slow request is under way')
  await register('second', second.port, {})
  await stage.untilServing('legacy', 2)

  await put('/v1/agent/service/maintenance/first?enable=true&reason=new%20disk')
  await untilAdmin('first', 'drain')
  const answers = new Set<unknown>()
  for (let count = 0; count < 6; count++) answers.add((await askConsul(url, 'GET', '/')).body)
  expect([...answers]).toEqual(['second'])
  slow[0]?.end('slow but whole')
  expect((await underWay).body).toBe('slow but whole')
  await put('/v1/agent/service/maintenance/first?enable=false')
  await stage.untilServing('legacy', 2)
  await put('/v1/agent/service/deregister/first')
  await untilAdmin('first', undefined)
})

it('wants the token beyond loopback, as Consul’s clients send it', async () => {
  const port = await freePort()
  const tokenFile = `${stage.folder}/token`
  const own = ['--docker', 'none', '--admin', `0.0.0.0:${port}`, '--admin-token-file', tokenFile]
  await stage.up(...own)
  const url = `http://127.0.0.1:${port}`
  expect((await askConsul(url, 'GET', '/v1/catalog/nodes')).status).toBe(401)
  const token = (await readFile(tokenFile, 'utf8')).trim()
  const { status, body } = await askConsul<{ Node: string }[]>(
    url,
    'GET',
    '/v1/catalog/nodes',
    undefined,
    { token },
  )
  expect([status, body.map(({ Node }) => Node)]).toEqual([200, [hostname()]])
})
