import { expect, it } from 'vitest'
import { eventually, normalised, type Asking } from './subject.ts'

type Definition = { readonly Name: string } & Readonly<Record<string, unknown>>

const health = '/v1/health/service'

/** A service that is in the catalogue when this resolves. */
async function registered(consul: Asking, definition: Definition): Promise<void> {
  await consul.register(definition)
  await eventually(
    `${definition.Name} is in the catalogue`,
    () => consul.get<unknown[]>(`/v1/catalog/service/${encodeURIComponent(definition.Name)}`),
    ({ body }) => body.length > 0,
  )
}

const web = {
  ID: 'web-1',
  Name: 'web',
  Port: 80,
  Address: '10.0.0.1',
  Tags: ['v1', 'Blue'],
  Meta: { a: 'b' },
  Weights: { Passing: 3, Warning: 1 },
}

/** The catalogue and the health of what is in it. */
export function catalogCases(consul: () => Asking): void {
  it('gives a service with its node', async () => {
    await registered(consul(), web)
    const { body, headers, status } = await consul().get('/v1/catalog/service/web')
    const addresses = { Address: '10.0.0.1', Port: 80 }
    expect(status).toBe(200)
    expect(normalised(body)).toEqual([
      {
        Node: consul().node,
        Datacenter: 'dc1',
        ServiceKind: '',
        ServiceID: 'web-1',
        ServiceName: 'web',
        ServiceTags: ['v1', 'Blue'],
        ServiceAddress: '10.0.0.1',
        ServiceTaggedAddresses: { lan_ipv4: addresses, wan_ipv4: addresses },
        ServiceWeights: { Passing: 3, Warning: 1 },
        ServiceMeta: { a: 'b' },
        ServicePort: 80,
        ServiceEnableTagOverride: false,
        ServiceProxy: { MeshGateway: {}, Expose: {} },
        ServiceConnect: {},
      },
    ])
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'x-consul-knownleader': 'true',
      'x-consul-lastcontact': '0',
      'x-consul-effective-consistency': 'leader',
    })
    expect(Number(headers['x-consul-index'])).toBeGreaterThan(0)
  })

  it('gives a service with the checks of its node and its own', async () => {
    await registered(consul(), { ...web, Check: { TTL: '60s', Status: 'warning' } })
    const { body } = await consul().get(`${health}/web`)
    const addresses = { Address: '10.0.0.1', Port: 80 }
    const node = consul().node
    const common = { Node: node, Notes: '', Definition: {} }
    expect(normalised(body)).toEqual([
      {
        Node: { Node: node, Datacenter: 'dc1' },
        Service: {
          ID: 'web-1',
          Service: 'web',
          Tags: ['v1', 'Blue'],
          Address: '10.0.0.1',
          TaggedAddresses: { lan_ipv4: addresses, wan_ipv4: addresses },
          Meta: { a: 'b' },
          Port: 80,
          Weights: { Passing: 3, Warning: 1 },
          EnableTagOverride: false,
          Proxy: { MeshGateway: {}, Expose: {} },
          Connect: {},
        },
        Checks: [
          {
            ...common,
            CheckID: 'serfHealth',
            Name: 'Serf Health Status',
            Status: 'passing',
            Output: 'Agent alive and reachable',
            ServiceID: '',
            ServiceName: '',
            ServiceTags: [],
            Type: '',
          },
          {
            ...common,
            CheckID: 'service:web-1',
            Name: "Service 'web' check",
            Status: 'warning',
            Output: '',
            ServiceID: 'web-1',
            ServiceName: 'web',
            ServiceTags: ['v1', 'Blue'],
            Type: 'ttl',
          },
        ],
      },
    ])
  })

  it('finds by tags, all of them, in any case', async () => {
    await registered(consul(), web)
    await consul().register({ ...web, ID: 'web-2', Tags: ['v1'] })
    const ids = async (path: string): Promise<readonly string[]> => {
      type Entry = { ServiceID?: string; Service?: { ID: string } }
      const { body } = await consul().get<Entry[]>(path)
      return body.map(({ ServiceID, Service }) => ServiceID ?? Service?.ID ?? '')
    }
    await eventually(
      'both',
      () => ids('/v1/catalog/service/web'),
      (all) => all.length === 2,
    )
    for (const path of ['/v1/catalog/service/web', `${health}/web`]) {
      expect(await ids(`${path}?tag=v1`)).toEqual(['web-1', 'web-2'])
      expect(await ids(`${path}?tag=v1&tag=blue`)).toEqual(['web-1'])
      expect(await ids(`${path}?tag=none`)).toEqual([])
    }
  })

  it('lists services with all their tags, and nodes', async () => {
    await registered(consul(), web)
    await consul().register({ ...web, ID: 'web-2', Tags: ['v1', 'v2'] })
    await registered(consul(), { Name: 'a b/ü' })
    const services = await eventually(
      'both',
      async () => (await consul().get<Record<string, string[]>>('/v1/catalog/services')).body,
      (all) => all['web']?.length === 3,
    )
    // The servers of a real Consul are a service, too.
    const { consul: _servers, ...others } = services
    expect(Object.keys(others)).toEqual(['a b/ü', 'web'])
    expect(others['web']?.toSorted()).toEqual(['Blue', 'v1', 'v2'])
    expect(normalised((await consul().get('/v1/catalog/nodes')).body)).toEqual([
      { Node: consul().node, Datacenter: 'dc1' },
    ])
    type OfNode = { Node: object; Services: Record<string, { Meta: unknown }> }
    const { body } = await consul().get<OfNode>(`/v1/catalog/node/${consul().node}`)
    expect(normalised(body.Node)).toEqual({ Node: consul().node, Datacenter: 'dc1' })
    const ids = Object.keys(body.Services).filter((id) => id !== 'consul')
    expect(ids).toEqual(['a b/ü', 'web-1', 'web-2'])
    expect(body.Services['a b/ü']?.Meta).toBeNull()
  })

  it('answers for what is not there', async () => {
    for (const path of [
      '/v1/catalog/service/none',
      `${health}/none`,
      '/v1/health/checks/none',
      '/v1/health/node/none',
      '/v1/health/state/none',
    ]) {
      const { status, body, headers } = await consul().get(path)
      expect([path, status, body]).toEqual([path, 200, []])
      expect(Number(headers['x-consul-index'])).toBeGreaterThan(0)
    }
    const { status, body } = await consul().get('/v1/catalog/node/none')
    expect([status, body]).toEqual([200, null])
  })

  it('leaves out what is not passing, and gives checks by state, service and node', async () => {
    await registered(consul(), { ...web, Check: { TTL: '60s', Status: 'passing' } })
    await registered(consul(), { Name: 'bad', Check: { TTL: '60s', Notes: 'n' } })
    const count = async (path: string): Promise<number> =>
      (await consul().get<unknown[]>(path)).body.length
    expect(await count(`${health}/web?passing`)).toBe(1)
    expect(await count(`${health}/web?passing=1&tag=v1`)).toBe(1)
    expect(await count(`${health}/bad?passing`)).toBe(0)
    expect(await count(`${health}/bad?passing=false`)).toBe(1)
    const ids = async (path: string): Promise<readonly string[]> =>
      (await consul().get<{ CheckID: string }[]>(path)).body.map(({ CheckID }) => CheckID)
    expect(await ids('/v1/health/state/critical')).toEqual(['service:bad'])
    expect(await ids('/v1/health/state/passing')).toEqual(['serfHealth', 'service:web-1'])
    const all = ['serfHealth', 'service:bad', 'service:web-1']
    expect(await ids('/v1/health/state/any')).toEqual(all)
    expect(await ids(`/v1/health/node/${consul().node}`)).toEqual(all)
    expect(await ids('/v1/health/checks/bad')).toEqual(['service:bad'])
    const wrong = await consul().get(`${health}/web?passing=maybe`)
    expect([wrong.status, wrong.body]).toEqual([400, 'Invalid value for ?passing'])
  })

  it('refuses what makes no sense in Consul’s words', async () => {
    const services = '/v1/catalog/services'
    for (const [path, status, text] of [
      [`${services}?dc=nope`, 500, 'No path to datacenter'],
      ['/v1/kv/a?dc=nope', 500, 'No path to datacenter'],
      [`${services}?index=x`, 400, 'Invalid index'],
      [`${services}?index=1&wait=10`, 400, 'Invalid wait time'],
      [
        `${services}?stale&consistent`,
        400,
        'Cannot specify ?stale with ?consistent, conflicting semantics.',
      ],
      ['/v1/catalog/service/', 400, 'Missing service name'],
      ['/v1/catalog/node/', 400, 'Missing node name'],
      [`${health}/`, 400, 'Missing service name'],
      ['/v1/health/checks/', 400, 'Missing service name'],
      ['/v1/health/node/', 400, 'Missing node name'],
      ['/v1/health/state/', 400, 'Missing check state'],
    ] as const) {
      const answer = await consul().get(path)
      expect([path, answer.status, answer.body]).toEqual([path, status, text])
    }
    expect((await consul().get(`${services}?dc=dc1`)).status).toBe(200)
    const post = await consul().post(services, {})
    expect([post.status, post.body]).toEqual([405, 'method POST not allowed'])
    expect((await consul().get('/v1/nothing')).status).toBe(404)
  })

  it('says how consistent an answer is, and indents it when asked', async () => {
    const stale = await consul().get('/v1/catalog/nodes?stale')
    expect(stale.headers['x-consul-effective-consistency']).toBe('stale')
    const path = `/v1/catalog/service/none?pretty&near=_agent&cached`
    expect((await consul().get(path)).body).toEqual([])
    const { headers } = await consul().get('/v1/catalog/datacenters?pretty')
    // ["dc1"] on three lines, with four blanks.
    expect(headers['content-length']).toBe('14')
  })
}
