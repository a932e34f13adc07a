import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { FakeDocker } from '../../test/support/fake-docker.ts'
import { waitUntil } from '../../test/support/wait-until.ts'
import { systemClock } from '../support/clock.ts'
import type { Clock } from '../support/clock.ts'
import { HomeWatch } from './home-watch.ts'
import { Joiner } from './joiner.ts'
import type { JoinRules } from './rules.ts'
import { Wants } from './wants.ts'

const apps = { id: 'net-apps', name: 'apps' }

let docker: FakeDocker
let ending: AbortController
let running: Promise<unknown>
let joiner: Joiner
let inUse: boolean
let timesAsked: number
let looks: number
/** The first ones get no answer. */
let failingLooks: number
/** Added to the clock. */
let aheadMs: number

const clock: Clock = {
  now: () => systemClock.now() + aheadMs,
  sleep: (delayMs, signal) => systemClock.sleep(Math.min(delayMs, 5), signal),
}

beforeEach(async () => {
  docker = new FakeDocker()
  docker.networks.set('net-apps', { name: 'apps', driver: 'bridge' })
  docker.networks.set('net-edge', { name: 'edge', driver: 'bridge' })
  await docker.start()
  inUse = false
  timesAsked = 0
  looks = 0
  failingLooks = 0
  aheadMs = 0
})

afterEach(async () => {
  ending.abort()
  await running
  await docker.stop()
})

/** HAProxy in the container `edge`, on the network `edge`. */
async function start(values: Partial<JoinRules> = {}): Promise<void> {
  docker.run({ id: 'hap', name: 'hap', networks: { edge: '172.18.0.2' } })
  watch(values)
  await waitUntil('HAProxy is found', () => joiner.isInContainer)
}

function watch(values: Partial<JoinRules> = {}): void {
  ending = new AbortController()
  joiner = new Joiner({
    instance: 'default',
    rules: { isOn: true, only: [], never: [], ...values },
    clock,
    log: { info: () => undefined, warn: () => undefined },
    isInUse: () => {
      timesAsked += 1
      return Promise.resolve(inUse)
    },
    areWantsComplete: () => true,
    look: (signal, withNetworks) => {
      looks += 1
      if (looks <= failingLooks) return Promise.reject(new Error('HTTP 502'))
      return home.look(signal, withNetworks)
    },
  })
  const home = new HomeWatch({
    instance: 'default',
    named: 'hap',
    hosts: [{ name: undefined, url: docker.url, certFolder: undefined }],
    ownIds: new Set(),
    isAttached: true,
    isServing: false,
    clock: systemClock,
    onUpdate: (around) => joiner.update(around),
  })
  running = Promise.all([home.run(ending.signal), joiner.run(ending.signal)])
}

const reach = (): string => joiner.reachOf(apps).kind

it('attaches HAProxy to what is wanted, and tells when it is reached', async () => {
  await start()
  const told: unknown[] = []
  joiner.onChange((id) => told.push(id))
  joiner.want('docker', 'web', apps)
  expect(reach()).toBe('joining')
  await waitUntil('reached', () => reach() === 'reached')
  expect(told).toContain('net-apps')
  expect(docker.changes).toEqual(['connect net-apps hap'])
})

it('detaches it when the last thing was stopped, and not before HAProxy has no server there', async () => {
  await start()
  joiner.want('docker', 'web', apps)
  await waitUntil('reached', () => reach() === 'reached')
  inUse = true
  joiner.drop('docker', 'web', 'stopped')
  await waitUntil('HAProxy is asked twice', () => timesAsked > 1)
  expect(docker.changes).toEqual(['connect net-apps hap'])
  inUse = false
  await waitUntil('change 2', () => docker.changes.length === 2)
  expect(docker.changes[1]).toBe('disconnect net-apps hap')
})

it('detaches it while what was asked to stop is still there, and attaches it to what did not stop', async () => {
  await start()
  joiner.want('docker', 'web', apps)
  joiner.want('docker', 'other', apps)
  await waitUntil('reached', () => reach() === 'reached')
  inUse = true
  joiner.release('docker', 'web')
  joiner.release('docker', 'other')
  // An inspect of what drains wants its network as ever.
  joiner.want('docker', 'web', apps)
  await waitUntil('HAProxy is asked twice', () => timesAsked > 1)
  expect(docker.changes).toEqual(['connect net-apps hap'])
  inUse = false
  await waitUntil('change 2', () => docker.changes.length === 2)
  expect(docker.changes[1]).toBe('disconnect net-apps hap')
  expect(joiner.retain('docker', 'web')).toBe(true)
  await waitUntil('reached', () => reach() === 'reached')
  expect(docker.changes[2]).toBe('connect net-apps hap')
})

it('keeps a network when only some of what is there was asked to stop', async () => {
  await start()
  joiner.want('docker', 'web', apps)
  joiner.want('docker', 'other', apps)
  await waitUntil('reached', () => reach() === 'reached')
  joiner.release('docker', 'web')
  joiner.drop('docker', 'web', 'stopped')
  // One more comes and goes: by then the first one would have been left.
  docker.networks.set('net-late', { name: 'late', driver: 'bridge' })
  joiner.want('docker', 'third', { id: 'net-late', name: 'late' })
  await waitUntil('change 2', () => docker.changes.length === 2)
  joiner.drop('docker', 'third', 'stopped')
  await waitUntil('change 3', () => docker.changes.length === 3)
  expect(docker.changes.slice(1)).toEqual(['connect net-late hap', 'disconnect net-late hap'])
})

it('keeps a network for a while when what was there has ended by itself', async () => {
  await start()
  joiner.want('docker', 'web', apps)
  await waitUntil('reached', () => reach() === 'reached')
  joiner.drop('docker', 'web', 'ended')
  joiner.want('docker', 'web', apps)
  joiner.drop('docker', 'web', 'ended')
  expect(docker.changes).toEqual(['connect net-apps hap'])
  aheadMs += 6_000
  await waitUntil('change 2', () => docker.changes.length === 2)
})

it('never detaches what somebody else attached', async () => {
  const networks = { edge: '172.18.0.2', apps: '172.20.0.7' }
  docker.run({ id: 'hap', name: 'hap', networks })
  watch()
  await waitUntil('HAProxy is found', () => joiner.isInContainer)
  joiner.want('docker', 'web', apps)
  await waitUntil('reached', () => reach() === 'reached')
  joiner.drop('docker', 'web', 'stopped')
  await joiner.leaveAll({ isServing: false })
  expect(docker.changes).toEqual([])
})

it('asks a Docker that refuses again after a growing pause, and when something new is wanted', async () => {
  await start()
  docker.refusal = { status: 403, message: 'network apps not manually attachable' }
  joiner.want('docker', 'web', apps)
  await waitUntil('refused', () => reach() === 'refused')
  expect(joiner.problems()).toMatchObject([
    { where: 'network apps', hint: expect.stringContaining('--attachable') as string },
  ])
  expect(docker.changes).toHaveLength(1)
  aheadMs += 1_100
  await waitUntil('change 2', () => docker.changes.length === 2)
  aheadMs += 1_100
  joiner.want('docker', 'another', apps)
  await waitUntil('change 3', () => docker.changes.length === 3)
  docker.refusal = undefined
  aheadMs += 60_000
  await waitUntil('reached', () => reach() === 'reached')
  expect(joiner.problems()).toEqual([])
})

it('attaches the container that takes the place of HAProxy’s', async () => {
  await start()
  joiner.want('docker', 'web', apps)
  await waitUntil('reached', () => reach() === 'reached')
  docker.die('hap')
  docker.run({ id: 'hap', name: 'hap', networks: { edge: '172.18.0.3' } })
  await waitUntil('change 2', () => docker.changes.length === 2)
  await waitUntil('reached', () => reach() === 'reached')
})

it('leaves what the fairlead before it has attached and nobody wants', async () => {
  docker.run({
    id: 'hap',
    name: 'hap',
    networks: { edge: '172.18.0.2', apps: '172.20.0.9' },
    driverOptions: { apps: { 'fairlead.joined-by': 'default' } },
  })
  watch()
  await waitUntil('change 1', () => docker.changes.length === 1)
  expect(docker.changes).toEqual(['disconnect net-apps hap'])
})

it('is detached from what it joined at the end, but not while it serves on', async () => {
  await start()
  joiner.want('docker', 'web', apps)
  await waitUntil('reached', () => reach() === 'reached')
  await joiner.leaveAll({ isServing: true })
  expect(docker.changes).toEqual(['connect net-apps hap'])
  await joiner.leaveAll({ isServing: false })
  expect(docker.changes[1]).toBe('disconnect net-apps hap')
})

it('says what is reached without a look at all that is wanted', async () => {
  await start()
  joiner.want('docker', 'web', apps)
  const all = vi.spyOn(Wants.prototype, 'all')
  expect(['joining', 'reached']).toContain(reach())
  expect(all).not.toHaveBeenCalled()
  all.mockRestore()
})

it('asks again when an answer did not come though events still do', async () => {
  await start()
  failingLooks = looks + 2
  joiner.want('docker', 'web', { id: 'net-late', name: 'late' })
  joiner.want('docker', 'other', apps)
  await waitUntil('reached', () => {
    aheadMs += 1_000
    return reach() === 'reached'
  })
})

it('forgets what it could not do once somebody else has done it', async () => {
  await start()
  docker.refusal = { status: 403, message: 'network apps not manually attachable' }
  joiner.want('docker', 'web', apps)
  await waitUntil('refused', () => reach() === 'refused')
  docker.change('hap', { networks: { edge: '172.18.0.2', apps: '172.20.0.7' } })
  docker.emit('connect', 'net-apps', { container: 'hap', name: 'apps' }, 'network')
  await waitUntil('reached', () => reach() === 'reached')
  expect(joiner.problems()).toEqual([])
})
