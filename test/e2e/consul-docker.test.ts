import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ConsulAgent } from '../support/consul/consul-agent.ts'
import type { ProxiedRequest } from '../support/consul/faults.ts'
import type { FaultProxy } from '../support/consul/fault-proxy.ts'
import { DockerProxy } from '../support/docker-proxy.ts'
import { FakeDocker } from '../support/fake-docker.ts'
import {
  ConsulStage,
  consulReport,
  entriesOf,
  metric,
  problemsOf,
  reading,
  registering,
  untilInstances,
  untilRegistered,
  untilServed,
} from './support/consul-stage.ts'
import { program } from './support/build.ts'
import { get } from './support/load.ts'
import { end, type Container, type Stage } from './support/stage.ts'

let world: ConsulStage
let stage: Stage
let consul: ConsulAgent
let web: string

beforeEach(async () => {
  world = await ConsulStage.open()
  stage = world.main
  consul = await world.consul()
  web = stage.name('web')
})

afterEach(async () => {
  await world.close()
})

async function dockerProxy(): Promise<DockerProxy> {
  const proxy = new DockerProxy(join(stage.folder, 'docker.sock'))
  await proxy.open()
  world.onClose(() => proxy.close())
  return proxy
}

describe('Docker', () => {
  it('is gone for a while: what it did meanwhile is in Consul and routed everywhere after', async () => {
    const docker = await dockerProxy()
    const reader = await world.another()
    const stays = await stage.startContainer({ service: web })
    const dies = await stage.startContainer({ service: web, mode: 'instant' })
    await stage.up(...registering(consul), '--docker', docker.url)
    await reader.up(...reading(consul))
    const both = [stage, reader]
    for (const each of both) await each.untilServing(web, 2)
    const loads = both.map((each) => world.load(web, each))
    await docker.close()
    await stage.until(
      async () => (await stage.status()).sources.some(({ state }) => state === 'connecting'),
      'the loss is noticed',
    )
    await stage.remove(dies)
    const comes = await stage.startContainer({ service: web })
    await docker.open()
    await untilRegistered(stage, consul, web, [stays, comes])
    for (const each of both) await untilServed(each, web, [stays, comes])
    for (const load of loads) expect((await load.stop()).failures).toEqual([])
  })

  it('goes silent: what starts then is registered all the same', async () => {
    const docker = await dockerProxy()
    const containers = [await stage.startContainer({ service: web })]
    await stage.up(...registering(consul), '--docker', docker.url)
    await untilRegistered(stage, consul, web, containers)
    docker.silence()
    containers.push(await stage.startContainer({ service: web }))
    // Each connection that was open before has to be missed by itself.
    await untilRegistered(stage, consul, web, containers, 90_000)
    await stage.untilServing(web, 2)
  })

  it('starts and ends 200 containers at once: each is registered once, and gone once', async () => {
    const docker = new FakeDocker()
    await docker.start()
    world.onClose(() => docker.stop())
    const proxy = await world.proxy(consul)
    await stage.up(...registering(proxy), '--docker', docker.url)
    const ids = Array.from({ length: 200 }, (_, at) => `${at}`.padStart(64, 'e'))
    const env = [`SERVICE_NAME=${web}`]
    for (const [at, id] of ids.entries()) {
      docker.run({ id, name: `w${at}`, env, networks: { bridge: `127.8.0.${at + 1}` } })
    }
    await untilInstances(stage, consul, web, 200)
    await stage.until(
      async () => (await consulReport(stage)).registrations?.pending === 0,
      'nothing is pending',
    )
    await untilRegisteredOnce(proxy, 200)
    expect((await consulReport(stage)).registrations).toMatchObject({
      registered: 200,
      refused: 0,
      counts: { registrations: 200, deregistrations: 0, retries: 0 },
    })
    for (const id of ids) docker.die(id)
    await untilInstances(stage, consul, web, 0)
    expect(proxy.count('/v1/agent/service/deregister/')).toBe(200)
    await untilRegisteredOnce(proxy, 200)
    expect(proxy.connections.most).toBeLessThanOrEqual(64)
  })
})

/** The load balancer's own cards are no registrations of containers. */
async function untilRegisteredOnce(proxy: FaultProxy, count: number): Promise<void> {
  await stage.until(async () => {
    const all = proxy.counts().get('PUT /v1/agent/service/register') ?? 0
    const cards = await metric(stage, 'fairlead_cluster_writes_total{kind="card"}')
    return all - cards === count
  }, `${count} were registered, each once`)
}

describe('a container with an attribute that Consul does not take', () => {
  it('is registered without it, which is on show', async () => {
    const bad = await stage.startContainer({
      service: web,
      env: ['SERVICE_BAD.KEY=x', 'SERVICE_OK=y'],
    })
    const good = await stage.startContainer({ service: web })
    await stage.up(...registering(consul))
    await untilRegistered(stage, consul, web, [bad, good])
    await stage.untilServing(web, 2)
    const entries = await entriesOf(consul, web)
    const meta = entries.find(({ Service }) => Service.ID.includes(bad.name))?.Service.Meta
    expect(meta).toMatchObject({ ok: 'y' })
    expect(Object.keys(meta ?? {})).not.toContain('bad.key')
    const { problems } = await stage.status()
    const found = problems.filter(({ where }) => where.includes(bad.name))
    expect(found).toMatchObject([{ where: expect.stringMatching(/bad\.key/i) as string }])
    expect(found[0]?.what).toContain('left out')
    expect(problems.some(({ where }) => where.includes(good.name))).toBe(false)
    expect((await get({ port: stage.port, host: `${web}.localhost` })).status).toBe(200)
  })
})

describe('a container whose registration Consul refuses', () => {
  // The agent does not allow checks that run a program.
  const refused = (): Promise<Container> =>
    stage.startContainer({ service: web, publish: true, env: ['SERVICE_CHECK_SCRIPT=true'] })
  const isTry = ({ method, path }: ProxiedRequest): boolean =>
    method === 'PUT' && path.startsWith('/v1/agent/service/register')

  it('is on show and tried again, and the others are registered', async () => {
    const proxy = await world.proxy(consul)
    const bad = await refused()
    const good = await stage.startContainer({ service: web, publish: true })
    await stage.up('--registry', `consul://${proxy.address}`, '--command-checks')
    await untilRegistered(stage, consul, web, [good])
    await untilServed(stage, web, [good])
    const tries = proxy.count(isTry)
    await stage.until(() => proxy.count(isTry) >= tries + 2, 'it is tried again, twice')
    const text = await problemsOf(stage)
    expect(text).toMatch(new RegExp(`${bad.name}.* refused it: .*Scripts are disabled`, 'i'))
    expect((await consulReport(stage)).registrations?.refused).toBe(1)
    const others = await stage.startContainer({ service: web, publish: true })
    await untilRegistered(stage, consul, web, [good, others])
    await stage.remove(bad)
    await stage.until(async () => !(await problemsOf(stage)).includes(bad.name), 'it is forgotten')
    const isNone = async () => (await consulReport(stage)).registrations?.refused === 0
    await stage.until(isNone, 'none is refused any more')
  })

  it('by a registrator is tried again, and the others are registered', async () => {
    const proxy = await world.proxy(consul)
    await refused()
    const good = await stage.startContainer({ service: web, publish: true })
    const flags = ['-only-name', stage.name('*'), '-ip', '127.0.0.1', '-resync', '1']
    const child = spawn(
      process.execPath,
      [program, 'registrator', ...flags, `consul://${proxy.address}`],
      { env: { ...process.env, DOCKER_HOST: 'unix:///var/run/docker.sock' }, stdio: 'ignore' },
    )
    world.onClose(() => end(child, 'SIGTERM'))
    await untilInstances(stage, consul, web, 1)
    await stage.until(() => proxy.count(isTry) >= 4, 'it is tried again, several times')
    const entries = await entriesOf(consul, web)
    expect(entries.map(({ Service }) => Service.ID)).toEqual([
      expect.stringContaining(`:${good.name}:80`) as string,
    ])
    expect(child.exitCode).toBeNull()
  })
})
