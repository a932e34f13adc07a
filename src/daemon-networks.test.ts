import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FakeDocker } from '../test/support/fake-docker.ts'
import { sampleEndpoint } from '../test/support/samples.ts'
import { waitUntil } from '../test/support/wait-until.ts'
import { DaemonNetworks } from './daemon-networks.ts'
import { dockerSourceName } from './discovery/docker/provider.ts'
import type { Endpoint } from './model/endpoint.ts'
import type { PipelineState } from './pipeline/contract.ts'
import { loadSettings } from './settings/load.ts'
import { systemClock } from './support/clock.ts'
import { createLogger } from './support/log.ts'

const log = createLogger('error', 'json')
log.level = 'silent'

let docker: FakeDocker
let ending: AbortController
let running: Promise<void>

beforeEach(async () => {
  docker = new FakeDocker()
  ending = new AbortController()
  running = Promise.resolve()
  await docker.start()
  docker.networks.set('net-edge', { name: 'edge', driver: 'bridge' })
  docker.run({ id: 'hap', name: 'hap', networks: { edge: '172.18.0.2' } })
})

afterEach(async () => {
  ending.abort()
  await running
  await docker.stop()
})

const apps = { name: 'apps', driver: 'overlay', subnet: '10.0.1.0/24', isAttachable: true }
const onApps = sampleEndpoint({ address: '10.0.1.7' })

const onOther = sampleEndpoint({ id: 'pi2:web-2:80', address: '10.0.2.7' })

/** With Consul, and HAProxy in the container `hap`. */
async function open(
  flags: Readonly<Record<string, unknown>> = {},
  ownIds?: ReadonlySet<string>,
  isOurs = false,
): Promise<DaemonNetworks> {
  const settings = loadSettings({
    flags: {
      docker: [docker.url],
      registry: 'consul://127.0.0.1:8500',
      'haproxy-container': 'hap',
      ...flags,
    },
    environment: {},
    cwd: '/',
    isRoot: false,
    homeFolder: '/nowhere',
    isTerminal: false,
  })
  const haproxy = { isRunning: true, isOurs, execute: () => Promise.resolve(['1\n#\n']) }
  const networks = await DaemonNetworks.open({ settings, haproxy, clock: systemClock, log }, ownIds)
  if (networks === undefined) throw new Error('HAProxy is a process of this machine')
  return networks
}

function run(
  networks: DaemonNetworks,
  onChange: () => void = () => undefined,
  unspoken: readonly string[] = [],
): void {
  const { signal } = ending
  const sources = unspoken.map((source) => ({ source }))
  running = networks.run({ unspoken: () => sources, onChange, signal })
}

/** After a pass that has routed these endpoints, of which some do not accept connections yet. */
function routed(
  endpoints: readonly Endpoint[],
  unproven: readonly Endpoint[] = endpoints,
): Pick<PipelineState, 'routing' | 'snapshot'> {
  const placement = { isRouted: true }
  return {
    snapshot: { services: new Map([['web', { endpoints }]]) },
    routing: { unproven, placements: new Map(endpoints.map(({ id }) => [id, placement])) },
  } as unknown as Pick<PipelineState, 'routing' | 'snapshot'>
}

describe('an overlay of an endpoint in Consul', () => {
  it('is joined though the only change came before HAProxy’s container was found', async () => {
    docker.networks.set('net-apps', apps)
    const networks = await open()
    const state = routed([onApps])
    networks.passed(state)
    run(networks, () => networks.passed(state))
    await waitUntil('joined', () => docker.changes.length === 1)
    expect(docker.changes).toEqual(['connect net-apps hap'])
  })

  it('is not left by a new fairlead before it has gone through what Consul has', async () => {
    docker.networks.set('net-apps', apps)
    docker.change('hap', {
      networks: { edge: '172.18.0.2', apps: '10.0.1.2' },
      driverOptions: { apps: { 'fairlead.joined-by': 'default' } },
    })
    docker.networks.set('net-other', { ...apps, name: 'other', subnet: '10.0.2.0/24' })
    const networks = await open()
    run(networks)
    await waitUntil('found', () => networks.networks.isInContainer)
    networks.networks.want('docker', 'web', { id: 'net-other', name: 'other' })
    await waitUntil('change 1', () => docker.changes.length === 1)
    networks.passed(routed([onOther]))
    await waitUntil('change 2', () => docker.changes.length === 2)
    expect(docker.changes).toEqual(['connect net-other hap', 'disconnect net-apps hap'])
  })

  it('is another one when it was removed and made again with the same subnet', async () => {
    docker.networks.set('net-apps', apps)
    const networks = await open()
    run(networks)
    await waitUntil('found', () => networks.networks.isInContainer)
    networks.passed(routed([onApps]))
    await waitUntil('joined', () => docker.changes.length === 1)
    docker.change('hap', { networks: { edge: '172.18.0.2' }, driverOptions: {} })
    docker.networks.delete('net-apps')
    docker.networks.set('net-again', apps)
    docker.emit('destroy', 'net-apps', { name: 'apps', type: 'overlay' }, 'network')
    await waitUntil('joined again', () => docker.changes.includes('connect net-again hap'))
  })

  it('is found anew when Docker does not know the old one, though nothing told of that', async () => {
    docker.networks.set('net-apps', apps)
    const networks = await open()
    run(networks)
    await waitUntil('found', () => networks.networks.isInContainer)
    docker.networks.delete('net-apps')
    docker.networks.set('net-again', apps)
    networks.passed(routed([onApps]))
    await waitUntil('joined', () => docker.changes.includes('connect net-again hap'))
    expect(docker.changes).toEqual(['connect net-apps hap', 'connect net-again hap'])
  })

  it('is waited for while it is being joined, and no longer when it cannot be', async () => {
    docker.networks.set('net-apps', { ...apps, isAttachable: false })
    docker.networks.set('net-other', { ...apps, name: 'other', subnet: '10.0.2.0/24' })
    const networks = await open()
    run(networks)
    await waitUntil('found', () => networks.networks.isInContainer)
    expect(networks.wayOf(onApps)).toBe('probe')
    expect(networks.wayOf(onOther)).toBe('hold')
  })

  it.each([
    ['somebody else starts HAProxy', false, 'trust'],
    ['HAProxy is started from here', true, 'probe'],
  ])('is found out about, once joined, as far as can be where %s', async (_who, isOurs, way) => {
    docker.networks.set('net-apps', apps)
    const networks = await open({}, undefined, isOurs)
    run(networks)
    await waitUntil('found', () => networks.networks.isInContainer)
    networks.passed(routed([onApps]))
    await waitUntil('joined', () => networks.wayOf(onApps) !== 'hold')
    expect(networks.wayOf(onApps)).toBe(way)
  })

  it('is not looked for where the address was reached before there was such an overlay', async () => {
    const networks = await open()
    run(networks)
    await waitUntil('found', () => networks.networks.isInContainer)
    networks.passed(routed([onApps]))
    networks.passed(routed([onApps], []))
    docker.networks.set('net-apps', apps)
    docker.networks.set('net-other', { ...apps, name: 'other', subnet: '10.0.2.0/24' })
    networks.passed(routed([onApps, onOther], [onOther]))
    await waitUntil('joined', () => docker.changes.length > 0)
    networks.passed(routed([onApps, onOther], []))
    expect(networks.wayOf(onApps)).toBe('probe')
    expect(docker.changes).toEqual(['connect net-other hap'])
  })
})

it('leaves networks of its own daemon though another host has never answered, and no overlay', async () => {
  docker.networks.set('net-apps', apps)
  docker.networks.set('net-web', { name: 'web', driver: 'bridge' })
  const mark = { 'fairlead.joined-by': 'default' }
  docker.change('hap', {
    networks: { edge: '172.18.0.2', apps: '10.0.1.2', web: '172.19.0.2' },
    driverOptions: { apps: mark, web: mark },
  })
  const dead = { name: 'dead', url: 'tcp://127.0.0.1:1', certFolder: undefined }
  const networks = await open({ docker: [docker.url, `dead=${dead.url}`] })
  run(networks, undefined, [dockerSourceName(dead)])
  await waitUntil('change 1', () => docker.changes.length === 1)
  networks.passed(routed([]))
  networks.networks.want('docker', 'web', { id: 'net-edge', name: 'edge' })
  networks.networks.want('docker', 'other', { id: 'net-bridge', name: 'bridge' })
  await waitUntil('change 2', () => docker.changes.length === 2)
  expect(docker.changes).toEqual(['disconnect net-web hap', 'connect net-bridge hap'])
})

it('lets nobody ask the admin API over a network that was joined, also without HAProxy’s container', async () => {
  docker.networks.set('net-gw', {
    name: 'docker_gwbridge',
    driver: 'bridge',
    subnet: '172.30.0.0/16',
  })
  docker.run({
    id: 'own',
    name: 'own',
    networks: { edge: '172.18.0.3', apps: '10.0.1.3' },
    driverOptions: { apps: { 'fairlead.joined-by': 'default' } },
  })
  const hap = docker.containers.get('hap')
  docker.containers.delete('hap')
  const networks = await open({}, new Set(['own']))
  run(networks)
  await waitUntil('the own container is known', () => networks.isForAdmin('172.18.0.3'))
  expect(networks.isForAdmin('10.0.1.3')).toBe(false)
  if (hap !== undefined) docker.run(hap)
  await waitUntil('found', () => networks.networks.isInContainer)
  expect(networks.isForAdmin('10.0.1.3')).toBe(false)
  expect(networks.isForAdmin('172.18.0.3')).toBe(true)
  expect(networks.isForAdmin('172.30.0.9')).toBe(true)
  expect(networks.isForAdmin('10.0.7.9')).toBe(false)
})
