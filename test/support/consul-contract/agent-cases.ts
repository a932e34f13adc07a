import { createServer, type Server } from 'node:net'
import { createServer as createHttpServer, type IncomingHttpHeaders } from 'node:http'
import { expect, it } from 'vitest'
import { freePort } from '../ports.ts'
import { eventually, normalised, type Asking } from './subject.ts'

type Check = {
  readonly CheckID: string
  readonly Status: string
  readonly Output: string
  readonly Notes: string
  readonly Type: string
}
type Checks = Readonly<Record<string, Check>>

const checksOf = async (consul: Asking): Promise<Checks> =>
  (await consul.get<Checks>('/v1/agent/checks')).body

const full = {
  ID: 'web/1:80',
  Name: 'web',
  Port: 80,
  Address: '10.0.0.1',
  Tags: ['v1', 'v2'],
  Meta: { Foo: 'Bar' },
  EnableTagOverride: true,
  Weights: { Passing: 10, Warning: 2 },
}

/** Registering, checks and maintenance: what goes in through the agent. */
export function agentCases(consul: () => Asking): void {
  it('gives a service back as it was registered', async () => {
    await consul().register(full)
    const addresses = { Address: '10.0.0.1', Port: 80 }
    const service = {
      ID: 'web/1:80',
      Service: 'web',
      Tags: ['v1', 'v2'],
      Meta: { Foo: 'Bar' },
      Port: 80,
      Address: '10.0.0.1',
      TaggedAddresses: { lan_ipv4: addresses, wan_ipv4: addresses },
      Weights: { Passing: 10, Warning: 2 },
      EnableTagOverride: true,
    }
    expect((await consul().get('/v1/agent/services')).body).toEqual({ 'web/1:80': service })
    for (const path of ['/v1/agent/service/web/1:80', '/v1/agent/service/web%2F1:80']) {
      const { status, headers, body } = await consul().get(path)
      expect(status).toBe(200)
      expect(normalised(body)).toEqual(service)
      expect(headers['x-consul-contenthash']).toMatch(/^[0-9a-f]{16}$/)
    }
    const { status, body } = await consul().get('/v1/agent/service/none')
    expect([status, body]).toEqual([404, 'unknown service ID: none'])
  })

  it('fills in what a registration leaves out, and reads names of fields in any case', async () => {
    await consul().register({ name: 'a', tags: null, meta: null, check: {}, checks: [] })
    await consul().register({
      NAME: 'b',
      address: 'db.example',
      port: 5,
      enable_tag_override: true,
    })
    const common = { Tags: [], Meta: {}, Weights: { Passing: 1, Warning: 1 } }
    expect((await consul().get('/v1/agent/services')).body).toEqual({
      a: { ID: 'a', Service: 'a', Port: 0, Address: '', EnableTagOverride: false, ...common },
      b: {
        ID: 'b',
        Service: 'b',
        Port: 5,
        Address: 'db.example',
        EnableTagOverride: true,
        ...common,
      },
    })
  })

  it.each([
    [{}, 400, 'Missing service name'],
    ['null', 400, 'Missing service name'],
    ['{', 400, /^Request decode failed: /],
    [[], 400, /^Request decode failed: json: cannot unmarshal array /],
    [
      { Name: 'a', Port: '80' },
      400,
      /^Request decode failed: json: cannot unmarshal string .*Port/,
    ],
    [{ Name: 'a', Address: '0.0.0.0' }, 400, 'Invalid service address'],
    [
      { Name: 'a', Meta: { 'a b': 'c' } },
      400,
      /^Invalid Service Meta: .*Key contains invalid char/,
    ],
    [{ Name: 'a', Meta: { a: 'x'.repeat(513) } }, 400, /^Invalid Service Meta: .*limit: 512/],
    [
      { Name: 'a', Weights: { Passing: 0 } },
      400,
      'Invalid Weights: Passing must be greater than 0',
    ],
    [
      { Name: 'a', Check: { TTL: 'bad' } },
      400,
      /^Request decode failed: time: invalid duration "?bad/,
    ],
    [{ Name: 'a', Check: { TTL: '-5s' } }, 400, 'Invalid check: TTL must be > 0 for TTL checks'],
    [{ Name: 'a', Check: { Notes: 'n' } }, 400, 'Invalid check: TTL must be > 0 for TTL checks'],
    [{ Name: 'a', Check: { HTTP: 'http://x/' } }, 400, /^Invalid check: Interval must be > 0 for /],
    [
      { Name: 'a', Check: { TTL: '1s', HTTP: 'http://x/', Interval: '1s' } },
      400,
      'Invalid check: Interval and TTL cannot both be specified',
    ],
    [{ Name: 'a', Check: { TTL: '1s', Status: 'no' } }, 400, /^Status for checks must /],
    [
      { Name: 'a', Check: { Script: 'true', Interval: '1s' } },
      400,
      'Request decode failed: json: unknown field "Script"',
    ],
    [
      { Name: 'a', Check: { ScriptArgs: ['true'], Interval: '1s' } },
      500,
      /^Scripts are disabled on this agent from remote calls; /,
    ],
  ])('refuses %j in Consul’s words', async (body, status, text) => {
    const answer = await consul().put('/v1/agent/service/register', body)
    expect(answer.status).toBe(status)
    if (typeof text === 'string') expect(answer.body).toBe(text)
    else expect(answer.body).toMatch(text)
    expect((await consul().get('/v1/agent/services')).body).toEqual({})
  })

  it('names checks by their service, and keeps their state when it is registered again', async () => {
    const checks = [
      { TTL: '60s', Status: 'passing', Notes: 'n' },
      { CheckID: 'own', Name: 'mine', TTL: '60s' },
    ]
    await consul().register({ Name: 'web', Tags: ['v1'], Checks: checks })
    const common = {
      Node: consul().node,
      Output: '',
      ServiceID: 'web',
      ServiceName: 'web',
      ServiceTags: ['v1'],
      Type: 'ttl',
      Definition: {},
    }
    const first = {
      ...common,
      CheckID: 'service:web:1',
      Name: "Service 'web' check",
      Status: 'passing',
      Notes: 'n',
    }
    const second = { ...common, CheckID: 'own', Name: 'mine', Status: 'critical', Notes: '' }
    expect(normalised(await checksOf(consul()))).toEqual({ 'service:web:1': first, own: second })

    await consul().put('/v1/agent/check/warn/own?note=slow')
    await consul().register({ Name: 'web', Checks: [checks[1]] })
    const again = await checksOf(consul())
    expect(Object.keys(again).toSorted()).toEqual(['own', 'service:web:1'])
    expect(again['own']).toMatchObject({ Status: 'warning', Output: 'slow' })
    await consul().register({ Name: 'web', Checks: [checks[1]] }, '?replace-existing-checks=true')
    expect(Object.keys(await checksOf(consul()))).toEqual(['own'])
  })

  it('names the only check without a number', async () => {
    await consul().register({ Name: 'web', Check: { TTL: '60s' } })
    expect(Object.keys(await checksOf(consul()))).toEqual(['service:web'])
  })

  it('takes what the owner of a TTL check says, and no other’s', async () => {
    const check = { TCP: '127.0.0.1:1', Interval: '60s', CheckID: 'tcp' }
    await consul().register({ Name: 'web', Checks: [{ TTL: '60s', CheckID: 'a/b' }, check] })
    const state = async (): Promise<readonly unknown[]> => {
      const found = (await checksOf(consul()))['a/b']
      return [found?.Status, found?.Output]
    }
    const agent = '/v1/agent/check'
    await consul().put(`${agent}/pass/a%2Fb?note=all%20well`)
    expect(await state()).toEqual(['passing', 'all well'])
    await consul().put(`${agent}/warn/a/b`)
    expect(await state()).toEqual(['warning', ''])
    await consul().put(`${agent}/fail/a/b?note=no`)
    expect(await state()).toEqual(['critical', 'no'])
    await consul().put(`${agent}/update/a/b`, { Status: 'passing', Output: 'yes' })
    expect(await state()).toEqual(['passing', 'yes'])

    const bad = await consul().put(`${agent}/update/a/b`, { Status: 'bad' })
    expect([bad.status, bad.body]).toEqual([400, "Invalid check status: 'bad'"])
    for (const id of ['none', 'tcp']) {
      const { status, body } = await consul().put(`${agent}/pass/${id}`)
      expect([status, body]).toEqual([500, `CheckID "${id}" does not have associated TTL`])
    }
  })

  it('holds a TTL check critical once its time is over, and passing again with the next word', async () => {
    await consul().register({ Name: 'web', Check: { TTL: '200ms', Status: 'passing' } })
    const isExpired = (checks: Checks): boolean => checks['service:web']?.Status === 'critical'
    const first = await eventually('expiry', () => checksOf(consul()), isExpired)
    expect(first['service:web']?.Output).toBe('TTL expired')
    await consul().put('/v1/agent/check/pass/service:web?note=here')
    const second = await eventually('expiry', () => checksOf(consul()), isExpired)
    const prefix = 'TTL expired (last output before timeout follows): '
    expect(second['service:web']?.Output).toBe(`${prefix}here`)
  })

  it('asks a URL as it was told to, and takes 2xx, 429 and the rest for what they mean', async () => {
    const seen: { method: string | undefined; headers: IncomingHttpHeaders }[] = []
    let status = 204
    const server = createHttpServer(({ method, url, headers }, response) => {
      seen.push({ method, headers })
      if (url === '/moved') response.writeHead(302, { location: '/' }).end()
      else response.writeHead(status).end('the body')
    })
    const url = `http://127.0.0.1:${await listening(server)}`
    try {
      const http = { HTTP: `${url}/`, Interval: '1s', Method: 'PUT', Header: { 'X-A': ['b'] } }
      const moved = { HTTP: `${url}/moved`, Interval: '1s', CheckID: 'moved' }
      await consul().register({ Name: 'web', Checks: [{ ...http, CheckID: 'http' }, moved] })
      for (const [code, word] of [
        [204, 'passing'],
        [429, 'warning'],
        [404, 'critical'],
      ] as const) {
        status = code
        const checks = await eventually(
          `${code} is ${word}`,
          () => checksOf(consul()),
          (all) => all['http']?.Status === word && all['http'].Output !== '',
        )
        expect(checks['http']?.Output).toContain(`HTTP PUT ${url}/: ${code} `)
        await eventually(
          `${code} behind a redirect`,
          () => checksOf(consul()),
          (all) => all['moved']?.Status === word,
        )
      }
      const put = seen.find(({ method }) => method === 'PUT')
      expect(put?.headers).toMatchObject({ 'x-a': 'b', 'user-agent': 'Consul Health Check' })
      expect((await checksOf(consul()))['http']?.Output).toContain('Output: the body')
    } finally {
      server.closeAllConnections()
      await closed(server)
    }
  })

  it('connects to an address, and is critical when nobody listens there', async () => {
    const server = createServer((socket) => socket.destroy())
    const port = await listening(server)
    const tcp = { TCP: `127.0.0.1:${port}`, Interval: '1s', CheckID: 'tcp' }
    await consul().register({ Name: 'web', Check: tcp })
    const is = (word: string) => (all: Checks) =>
      all['tcp']?.Status === word && all['tcp'].Output !== ''
    const up = await eventually('up', () => checksOf(consul()), is('passing'))
    expect(up['tcp']?.Output).toBe(`TCP connect 127.0.0.1:${port}: Success`)
    await closed(server)
    const down = await eventually('down', () => checksOf(consul()), is('critical'))
    expect(down['tcp']?.Output).toContain(`127.0.0.1:${port}: connect`)
  })

  it('puts a service into maintenance, by a critical check with the first reason, and out again', async () => {
    await consul().register({ ID: 'a/1', Name: 'web', Tags: ['v1'] })
    const path = '/v1/agent/service/maintenance'
    expect((await consul().put(`${path}/a%2F1?enable=true&reason=new%20disk`)).status).toBe(200)
    expect((await consul().put(`${path}/a/1?enable=true&reason=other`)).status).toBe(200)
    const check = {
      Node: consul().node,
      CheckID: '_service_maintenance:a/1',
      Name: 'Service Maintenance Mode',
      Status: 'critical',
      Notes: 'new disk',
      Output: '',
      ServiceID: 'a/1',
      ServiceName: 'web',
      ServiceTags: ['v1'],
      Type: 'maintenance',
      Definition: {},
    }
    expect(normalised(await checksOf(consul()))).toEqual({ [check.CheckID]: check })
    await eventually(
      'it is in the catalogue',
      async () => normalised((await consul().get('/v1/health/checks/web')).body),
      (checks) => JSON.stringify(checks) === JSON.stringify([check]),
    )
    expect((await consul().put(`${path}/a/1?enable=false`)).status).toBe(200)
    expect(await checksOf(consul())).toEqual({})

    for (const [query, status, text] of [
      ['a/1', 400, 'Missing value for enable'],
      ['a/1?enable=yes', 400, 'Invalid value for enable: "yes"'],
      ['?enable=true', 400, 'Missing service ID'],
      ['none?enable=true', 404, 'No service registered with ID "none"'],
    ] as const) {
      const answer = await consul().put(`${path}/${query}`)
      expect([answer.status, answer.body]).toEqual([status, text])
    }
  })

  it('takes a service back with its checks, and does not mind one that is not there', async () => {
    await consul().register({ ID: 'a/ü 1', Name: 'web', Check: { TTL: '60s' } })
    const path = '/v1/agent/service/deregister'
    expect((await consul().put(`${path}/none`)).status).toBe(200)
    const { status, body } = await consul().put(`${path}/${encodeURIComponent('a/ü 1')}`)
    expect([status, body]).toEqual([200, ''])
    expect((await consul().get('/v1/agent/services')).body).toEqual({})
    expect(await checksOf(consul())).toEqual({})
    const empty = await consul().put(`${path}/`)
    expect([empty.status, empty.body]).toEqual([500, 'ServiceID missing'])
  })

  it('adds a check to a service, and takes it away', async () => {
    await consul().register({ Name: 'web' })
    const check = { Name: 'extra', TTL: '60s', ServiceID: 'web', Status: 'passing' }
    expect((await consul().put('/v1/agent/check/register', check)).status).toBe(200)
    expect((await checksOf(consul()))['extra']).toMatchObject({ Status: 'passing' })
    expect((await consul().put('/v1/agent/check/deregister/extra')).status).toBe(200)
    expect((await consul().put('/v1/agent/check/deregister/extra')).status).toBe(200)
    expect(await checksOf(consul())).toEqual({})
  })

  it('says who it is', async () => {
    type Self = { readonly Config: Readonly<Record<string, unknown>> }
    const { Config } = (await consul().get<Self>('/v1/agent/self')).body
    expect(Config).toMatchObject({ Datacenter: 'dc1', NodeName: consul().node, Server: true })
    expect(Config['Version']).toMatch(/^1\.8\.7/)
    expect((await consul().get('/v1/status/leader')).body).toMatch(/^127\.0\.0\.1:\d+$/)
    expect((await consul().get<unknown[]>('/v1/status/peers')).body).toHaveLength(1)
    expect((await consul().get('/v1/catalog/datacenters')).body).toEqual(['dc1'])
  })
}

async function listening(server: Server): Promise<number> {
  // Nobody else gets the port after its end.
  const port = await freePort()
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return port
}

function closed(server: Server): Promise<unknown> {
  return new Promise((resolve) => server.close(resolve))
}
