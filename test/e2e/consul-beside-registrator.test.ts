import { spawn, type ChildProcess } from 'node:child_process'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { HealthEntry } from '../../src/consul/types.ts'
import type { ConsulAgent } from '../support/consul/consul-agent.ts'
import { program } from './support/build.ts'
import {
  ConsulStage,
  endpointsOf,
  entriesOf,
  problemsOf,
  registering,
  untilInstances,
} from './support/consul-stage.ts'
import { get } from './support/load.ts'
import { end, type Container, type Stage } from './support/stage.ts'

let consul: ConsulAgent
let agents: ConsulStage
let world: ConsulStage
let stage: Stage
let web: string

beforeAll(async () => {
  agents = await ConsulStage.open()
  consul = await agents.consul()
})

afterEach(async () => {
  await world.close()
  const { body } = await consul.api<Record<string, unknown>>('GET', '/v1/agent/services')
  for (const id of Object.keys(body)) {
    await consul.api('PUT', `/v1/agent/service/deregister/${encodeURIComponent(id)}`)
  }
})

afterAll(async () => {
  await agents?.close()
})

async function open(): Promise<void> {
  world = await ConsulStage.open()
  stage = world.main
  web = stage.name('web')
}

/** Runs on a host of this name, as in a container that was started with `-h`. */
function registrator(args: readonly string[], hostName: string | undefined): ChildProcess {
  const name = stage.name('*')
  const command = [process.execPath, program, 'registrator', '-only-name', name, ...args]
  command.push(`consul://${consul.address}`)
  const renamed = ['unshare', '--uts', 'sh', '-c', 'hostname "$0"; exec "$@"', hostName ?? '']
  const [file = '', ...rest] = hostName === undefined ? command : [...renamed, ...command]
  const child = spawn(file, rest, {
    env: { ...process.env, DOCKER_HOST: 'unix:///var/run/docker.sock' },
    stdio: 'ignore',
  })
  world.onClose(() => end(child, 'SIGTERM'))
  return child
}

/** Registered by `up`. */
const isOwn = ({ Service }: HealthEntry) =>
  Service.Meta?.['fairlead-owner']?.startsWith('registrator@') === false

/**
 * Waits until there is one instance of each and this fairlead has nothing left to do. Of two ids
 * for one container that of the registrator stays; one id is whose who wrote last.
 */
async function untilOnce(containers: readonly Container[], isOneId: boolean): Promise<void> {
  await stage.until(async () => {
    const entries = await entriesOf(consul, web)
    const places = new Set(entries.map(({ Service: { Address, Port } }) => `${Address}:${Port}`))
    if (entries.length !== containers.length || places.size !== entries.length) return false
    if (isOneId) return true
    if (entries.some(isOwn)) return false
    if ((await stage.api('GET', '/readyz')).status !== 200) return true
    const problems = await problemsOf(stage)
    return containers.every(({ name }) =>
      problems.includes(`somebody else registered its address as elsewhere:${name}:80`),
    )
  }, `Consul has ${containers.length} of ${web}, each once`)
}

/** Waits until every one of them answers requests. */
async function untilAnswering(containers: readonly Container[]): Promise<void> {
  const left = new Set(containers.map(({ hostname }) => hostname))
  await stage.until(async () => {
    const { status, body } = await get({ port: stage.port, host: `${web}.localhost` })
    expect(status, body).toBe(200)
    left.delete((JSON.parse(body) as { hostname: string }).hostname)
    return left.size === 0
  }, 'all answer')
}

const ports = { up: [], registrator: ['-ip', '127.0.0.1'] }
const addresses = { up: ['--register', 'container'], registrator: ['-internal'] }

describe.each([
  ['published ports', ports],
  ["containers' addresses", addresses],
])('beside a registrator, with %s', (_what, flags) => {
  it.each([
    ['the same name, it comes first', undefined, 'first'],
    ['the same name, it comes second', undefined, 'second'],
    ['another name, it comes first', 'elsewhere', 'first'],
    ['another name, it comes second', 'elsewhere', 'second'],
  ])('nothing is registered twice: a host of %s', async (_case, hostName, order) => {
    await open()
    const isOneId = hostName === undefined
    const options = { service: web, publish: true, exposedPorts: ['80/tcp'] }
    const containers = [await stage.startContainer(options)]
    const up = () => stage.up(...registering(consul).slice(0, 2), ...flags.up)
    if (order === 'second') {
      await up()
      await stage.untilServing(web, 1)
    }
    registrator(flags.registrator, hostName)
    await untilOnce(containers, isOneId)
    if (order === 'first') await up()
    await stage.untilServing(web, 1)
    // Both see these start at the same moment.
    for (let more = 0; more < 3; more++) containers.push(await stage.startContainer(options))
    await untilOnce(containers, isOneId)
    await stage.untilServing(web, 4)
    expect(new Set((await endpointsOf(stage, web)).map(({ candidate }) => candidate))).toEqual(
      new Set(containers.map(({ name }) => name)),
    )
    await untilAnswering(containers)
    await Promise.all(containers.slice(1).map((each) => stage.remove(each)))
    await untilOnce(containers.slice(0, 1), isOneId)
    await stage.untilServing(web, 1)
  })
})

describe('a registrator that removes by its marks', () => {
  it('leaves what up registered, and up leaves and serves what it registered', async () => {
    await open()
    const options = { service: web, publish: true }
    await stage.up(...registering(consul).slice(0, 2))
    const ours = await stage.startContainer(options)
    await stage.untilServing(web, 1)
    const mark = ['-cleanup-by-id', '-resync', '1', '-ignore-name', ours.name]
    const other = registrator([...mark, ...ports.registrator], 'elsewhere')
    const theirs = await stage.startContainer(options)
    await untilMarked([theirs], [ours])
    await stage.untilServing(web, 2)
    await untilAnswering([ours, theirs])
    // Its next start lists and removes again; what it left behind meanwhile is its own.
    await end(other, 'SIGTERM')
    await stage.remove(theirs)
    await stage.untilServing(web, 1)
    registrator([...mark, ...ports.registrator], 'renamed')
    await untilMarked([], [ours])
    await untilAnswering([ours])
  })
})

/** Waits until Consul has exactly these, registered by the registrator and by `up`. */
async function untilMarked(
  theirs: readonly Container[],
  ours: readonly Container[],
): Promise<void> {
  const areOf = (entries: readonly HealthEntry[], containers: readonly Container[]) => {
    const ids = entries.map(({ Service }) => Service.Meta?.['fairlead-container'])
    return ids.join() === containers.map(({ id }) => id).join()
  }
  await stage.until(async () => {
    const entries = await entriesOf(consul, web)
    const others = entries.filter((each) => !isOwn(each))
    return areOf(others, theirs) && areOf(entries.filter(isOwn), ours)
  }, 'everybody has registered the containers that are theirs')
}

describe('a registrator that ends', () => {
  it('leaves what it registered, and fairlead registers what comes later', async () => {
    await open()
    const options = { service: web, publish: true }
    const theirs = await stage.startContainer(options)
    const other = registrator(ports.registrator, 'elsewhere')
    await untilOnce([theirs], false)
    await stage.up(...registering(consul).slice(0, 2))
    await stage.untilServing(web, 1)
    await end(other, 'SIGTERM')
    const ours = await stage.startContainer(options)
    await stage.untilServing(web, 2)
    await untilInstances(stage, consul, web, 2)
    const entries = await entriesOf(consul, web)
    expect(
      entries.filter(isOwn).map(({ Service }) => Service.Meta?.['fairlead-container']),
    ).toEqual([ours.id])
    expect(entries).toHaveLength(2)
  })
})
