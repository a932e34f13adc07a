import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { EndpointReport } from '../../src/api/contract.ts'
import type { ServiceDefinition } from '../../src/consul/types.ts'
import type { ConsulAgent } from '../support/consul/consul-agent.ts'
import { ConsulStage, endpointsOf, entriesOf, reading } from './support/consul-stage.ts'
import { get, Load, type Answer } from './support/load.ts'
import type { Container, Stage } from './support/stage.ts'

let world: ConsulStage
let stage: Stage
let strict: Stage
let consul: ConsulAgent
let containers: readonly Container[]
const registered = new Set<string>()

beforeAll(async () => {
  world = await ConsulStage.open()
  stage = world.main
  strict = await world.another()
  consul = await world.consul()
  containers = await Promise.all([1, 2].map(() => stage.startContainer({ service: 'any' })))
  await stage.up(...reading(consul), '--service', 'shop*', '--tag', 'blue')
  await strict.up('--name', 'strict', ...reading(consul), '--warning', 'out')
})

afterEach(async () => {
  for (const id of registered) await deregister(id)
  await stage.until(async () => (await stage.status()).services.every(isEmpty), 'all is gone')
})

afterAll(async () => {
  await world?.close()
})

const isEmpty = ({ endpoints }: { endpoints: readonly unknown[] }) => endpoints.length === 0

async function put(path: string, body?: unknown): Promise<void> {
  const { status, body: said } = await consul.api('PUT', `/v1/agent/${path}`, body)
  expect(status, String(said)).toBe(200)
}

/** Registers one of the containers as somebody else's program does. */
async function register(id: string, more: Partial<ServiceDefinition>, at = 0): Promise<void> {
  const container = containers[at]
  if (container === undefined) throw new Error(`no container ${at}`)
  const Address = await stage.addressOf(container)
  registered.add(id)
  await put('service/register', { ID: id, Name: 'api', Address, Port: 80, ...more })
}

async function deregister(id: string): Promise<void> {
  registered.delete(id)
  await put(`service/deregister/${id}`)
}

const enabled = { Meta: { fairlead_enable: 'true' } }

async function endpointOf(id: string, of = stage): Promise<EndpointReport | undefined> {
  return (await endpointsOf(of, 'api')).find(({ candidate }) => candidate === id)
}

async function untilIs(id: string, state: Partial<EndpointReport>, of = stage): Promise<void> {
  const what = `${id} is ${JSON.stringify(state)}`
  await of.until(async () => {
    const { isApplied } = await of.status()
    const endpoint = await endpointOf(id, of)
    return (
      isApplied &&
      endpoint !== undefined &&
      Object.entries(state).every(([key, value]) => endpoint[key as keyof EndpointReport] === value)
    )
  }, what)
}

describe('what Consul says of an instance', () => {
  it('maintenance drains it: requests under way go on, new ones go elsewhere', async () => {
    await register('one', enabled)
    await register('two', enabled, 1)
    await stage.untilServing('api', 2)
    const path = '/slow?ms=3000'
    const slow: Promise<Answer>[] = []
    await stage.until(async () => {
      // HAProxy's roundrobin may give one that has just come many in a row.
      slow.push(get({ port: stage.port, host: 'api.localhost', path }))
      return (await endpointsOf(stage, 'api')).every(({ sessions }) => sessions > 0)
    }, 'both have a request under way')
    await put('service/maintenance/one?enable=true&reason=new%20disk')
    await untilIs('one', { admin: 'drain' })
    expect((await endpointOf('one'))?.reason).toContain('new disk')
    const load = new Load({ port: stage.port, perSecond: 50, host: 'api.localhost' })
    await stage.until(() => load.report().sent >= 20, 'some requests are answered')
    const { failures, byHostname } = await load.stop()
    expect(failures).toEqual([])
    expect([...byHostname.keys()]).toEqual([containers[1]?.hostname])
    expect(new Set((await Promise.all(slow)).map(({ status }) => status))).toEqual(new Set([200]))
    await put('service/maintenance/one?enable=false')
    await untilIs('one', { admin: 'ready' })
    await put('maintenance?enable=true&reason=reboot')
    await untilIs('two', { admin: 'drain' })
    await untilIs('one', { admin: 'drain' })
    await put('maintenance?enable=false')
    await stage.untilServing('api', 2)
  })

  it('critical takes it out, and warning as the setting says', async () => {
    const check = { CheckID: 'its', Name: 'its own', TTL: '10m', Status: 'passing' }
    await register('one', { ...enabled, Check: check })
    await register('two', enabled, 1)
    for (const each of [stage, strict]) await each.untilServing('api', 2)
    await put('check/update/its', { Status: 'critical', Output: 'no disk left' })
    for (const each of [stage, strict]) await untilIs('one', { admin: 'maint' }, each)
    expect((await endpointOf('one'))?.healthReason).toContain('no disk left')
    await put('check/update/its', { Status: 'warning', Output: 'slow' })
    await untilIs('one', { admin: 'ready', health: 'warning' })
    await untilIs('one', { admin: 'maint' }, strict)
    await put('check/update/its', { Status: 'passing' })
    for (const each of [stage, strict]) await each.untilServing('api', 2)
  })

  it('a HEALTHCHECK that nobody passes on any more leaves it as it was', async () => {
    const check = { CheckID: 'docker-health:one', Name: 'HEALTHCHECK', TTL: '3s' }
    await register('one', { ...enabled, Check: { ...check, Status: 'passing' } })
    await register('two', { ...enabled, Check: { ...check, CheckID: 'docker-health:two' } }, 1)
    await untilIs('one', { admin: 'ready' })
    await untilIs('two', { admin: 'maint' })
    const load = new Load({ port: stage.port, perSecond: 50, host: 'api.localhost' })
    await stage.until(async () => {
      const entries = await entriesOf(consul, 'api')
      const expired = entries.flatMap(({ Checks }) => Checks.map(({ Output = '' }) => Output))
      return expired.some((output) => output.startsWith('TTL expired'))
    }, 'the time of its check is over')
    await put('check/update/docker-health:two', { Status: 'passing' })
    await untilIs('two', { admin: 'ready' })
    await untilIs('one', { admin: 'ready', health: 'passing' })
    expect((await load.stop()).failures).toEqual([])
    await put('check/update/docker-health:one', { Status: 'passing' })
    await put('check/update/docker-health:one', { Status: 'critical', Output: 'it is ill' })
    await untilIs('one', { admin: 'maint' })
  })

  it("weights are HAProxy's weights, that of warning while a check is at warning", async () => {
    const check = { CheckID: 'its', Name: 'its own', TTL: '10m', Status: 'passing' }
    await register('one', { ...enabled, Check: check, Weights: { Passing: 30, Warning: 10 } })
    await register('two', { ...enabled, Weights: { Passing: 10, Warning: 1 } }, 1)
    await stage.untilServing('api', 2)
    await untilIs('one', { weight: 30 })
    await untilIs('two', { weight: 10 })
    const load = new Load({ port: stage.port, perSecond: 100, host: 'api.localhost' })
    await stage.until(() => load.report().sent >= 200, 'some requests are answered')
    const { failures, byHostname } = await load.stop()
    expect(failures).toEqual([])
    const [one = 0, two = 0] = containers.map(({ hostname }) => byHostname.get(hostname))
    expect(one).toBeGreaterThan(2 * two)
    expect(two).toBeGreaterThan(0)
    await put('check/update/its', { Status: 'warning' })
    await untilIs('one', { weight: 10, health: 'warning' })
  })
})

describe('services of others', () => {
  it.each<[string, string, Partial<ServiceDefinition>]>([
    ['meta', 'meta', { Meta: { fairlead_host: 'meta.test' } }],
    ['a tag', 'tag', { Tags: ['fairlead.host=tag.test'] }],
    ['--service', 'shop-3', {}],
    ['--tag', 'painted', { Tags: ['red', 'blue'] }],
  ])('are routed by %s', async (_what, name, more) => {
    await register(name, { Name: name, ...more })
    await stage.untilServing(name, 1)
    const host = more.Meta === undefined && name !== 'tag' ? `${name}.localhost` : `${name}.test`
    expect((await get({ port: stage.port, host })).status).toBe(200)
  })

  it('are left out without any of these, with the reason', async () => {
    await register('bare', { Name: 'bare' })
    await register('seen', { Name: 'shop-1' })
    await stage.untilServing('shop-1', 1)
    const isBare = ({ name }: { readonly name: string }): boolean => name === 'bare'
    // Each service is read for itself.
    await stage.until(async () => (await stage.status()).leftOut.some(isBare), 'it is left out')
    const { leftOut, services, problems } = await stage.status()
    expect(services.some(isBare)).toBe(false)
    const found = leftOut.find(isBare)
    expect(found).toMatchObject({ kind: 'instance', node: 'node1' })
    expect(`${found?.reason} ${found?.hint}`).toMatch(/fairlead_|--service/)
    expect(problems).toEqual([])
  })

  it('with a mistake in their meta hurt nobody else, and it is on show', async () => {
    await register('bad', { Name: 'bad', Meta: { fairlead_host: 'no host!' } })
    await register('one', enabled, 1)
    await stage.untilServing('api', 1)
    await stage.until(
      async () => JSON.stringify((await stage.status()).problems).includes('no host!'),
      'the mistake is on show',
    )
  })
})
