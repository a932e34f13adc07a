import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ChangeReport, EndpointReport, LeftOutReport } from '../../src/api/contract.ts'
import { get, Load } from './support/load.ts'
import { Stage, type Container } from './support/stage.ts'
import { freePort } from '../support/ports.ts'

let stage: Stage
let web: string

beforeEach(async () => {
  stage = await Stage.open()
  web = stage.name('web')
})

afterEach(async () => {
  await stage.close()
})

async function endpointOf(container: Container): Promise<EndpointReport | undefined> {
  const { services } = await stage.status()
  return services
    .flatMap((each) => each.endpoints)
    .find((each) => each.candidate === container.name)
}

async function leftOut(container: Container): Promise<LeftOutReport | undefined> {
  return (await stage.status()).leftOut.find((each) => each.name === container.name)
}

/** Which service and which container answer at `<service>.localhost`. */
async function answer(service: string): Promise<{ service: string; hostname: string }> {
  const { status, body } = await get({ port: stage.port, host: `${service}.localhost` })
  expect(status, body).toBe(200)
  return JSON.parse(body) as { service: string; hostname: string }
}

/**
 * Waits until each of them has answered. HAProxy's roundrobin may give a server that has just come
 * many requests in a row.
 */
async function untilAnswering(service: string, containers: readonly Container[]): Promise<void> {
  const left = new Set(containers.map(({ hostname }) => hostname))
  await stage.until(async () => {
    left.delete((await answer(service)).hostname)
    return left.size === 0
  }, `all of ${service} answer`)
}

/** Applied, and HAProxy sends requests to it. */
async function untilAt(network: string, container: Container): Promise<void> {
  const address = await stage.addressOf(container, network)
  await stage.until(async () => {
    const { isApplied, services } = await stage.status()
    const endpoint = services
      .flatMap((each) => each.endpoints)
      .find((each) => each.candidate === container.name)
    const isServing = endpoint?.admin === 'ready' && endpoint.haproxyStatus.startsWith('UP')
    return isApplied && isServing && endpoint.address === address
  }, `${container.name} is reached at ${address} on ${network}`)
}

/** Why HAProxy was started and reloaded. */
async function reloadReasons(): Promise<readonly string[]> {
  const { body } = await stage.api('GET', '/api/history?most=100')
  const changes = JSON.parse(body) as readonly ChangeReport[]
  return changes.filter(({ how }) => how === 'reload').flatMap((change) => change.reasons)
}

/** How many connections of this machine are open to an IPv4 address (proc_net_tcp.txt). */
function openConnections(address: string): number {
  const bytes = address.split('.').map((part) => Number(part).toString(16).padStart(2, '0'))
  const remote = bytes.toReversed().join('').toUpperCase()
  const established = new RegExp(`^ *\\d+: \\S+ ${remote}:\\S+ 01 `, 'gm')
  return (readFileSync('/proc/net/tcp', 'latin1').match(established) ?? []).length
}

const connect = (network: string, container: Container): Promise<void> =>
  stage.post(`/networks/${network}/connect`, { Container: container.id })

const disconnect = (network: string, container: Container): Promise<void> =>
  stage.post(`/networks/${network}/disconnect`, { Container: container.id })

describe('a container on bridge networks', () => {
  it('is reached on its own network, else on the first by name', async () => {
    const [own, early, late] = [
      await stage.createNetwork('own'),
      await stage.createNetwork('net-a'),
      await stage.createNetwork('net-b'),
    ]
    const [first, second] = [stage.name('first'), stage.name('second')]
    const onOwn = await stage.startContainer({ service: first, network: own })
    const onOthers = await stage.startContainer({ service: second, network: own })
    await connect(early, onOwn)
    await disconnect(own, onOthers)
    await connect(late, onOthers)
    await connect(early, onOthers)
    await stage.up()
    await stage.untilServing(first, 1)
    await stage.untilServing(second, 1)
    expect((await endpointOf(onOwn))?.address).toBe(await stage.addressOf(onOwn, own))
    expect((await endpointOf(onOthers))?.address).toBe(await stage.addressOf(onOthers, early))
    expect((await answer(first)).hostname).toBe(onOwn.hostname)
    expect((await answer(second)).hostname).toBe(onOthers.hostname)
  })

  it('is reached on the network of its label, else on that of --network', async () => {
    const [one, two] = [await stage.createNetwork('one'), await stage.createNetwork('two')]
    const labels = { 'fairlead.network': one }
    const [plain, labelled] = [
      await stage.startContainer({ service: stage.name('plain'), network: one }),
      await stage.startContainer({ service: stage.name('labelled'), labels }),
    ]
    const wrong = await stage.startContainer({ service: web, labels })
    await connect(two, plain)
    await connect(two, labelled)
    await connect(one, labelled)
    await stage.up('--network', two)
    await stage.untilServing(stage.name('plain'), 1)
    await stage.untilServing(stage.name('labelled'), 1)
    expect((await endpointOf(plain))?.address).toBe(await stage.addressOf(plain, two))
    expect((await endpointOf(labelled))?.address).toBe(await stage.addressOf(labelled, one))
    expect(await leftOut(wrong)).toMatchObject({
      reason: expect.stringContaining(one),
      hint: expect.stringContaining('bridge'),
    })
    await connect(one, wrong)
    await stage.untilServing(web, 1)
    expect((await endpointOf(wrong))?.address).toBe(await stage.addressOf(wrong, one))
  })

  it('follows it to another network without a lost request and without a reload', async () => {
    const [old, next] = [await stage.createNetwork('old'), await stage.createNetwork('next')]
    const moving = await stage.startContainer({ service: web, network: old })
    await stage.startContainer({ service: web })
    await stage.up('--network', next)
    await stage.untilServing(web, 2)
    const oldAddress = await stage.addressOf(moving, old)
    const reasons = await reloadReasons()
    const loads = [true, false].map(
      (isKeptAlive) =>
        new Load({
          port: stage.port,
          perSecond: 25,
          host: `${web}.localhost`,
          service: web,
          isKeptAlive,
        }),
    )
    await connect(next, moving)
    await untilAt(next, moving)
    // What was sent to the old address before is answered: from now nothing meets its end.
    for (const load of loads) {
      await stage.until(() => load.report().pending === 0, 'all that was sent is answered')
    }
    await stage.until(() => openConnections(oldAddress) === 0, 'the old address is left')
    await disconnect(old, moving)
    const answered = loads.map((load) => load.report().byHostname.get(moving.hostname) ?? 0)
    await stage.until(
      () =>
        loads.every((load, n) => {
          const now = load.report().byHostname.get(moving.hostname) ?? 0
          return now > (answered[n] ?? 0) + 10
        }),
      'it gets requests at its new address',
    )
    for (const load of loads) expect((await load.stop()).failures).toEqual([])
    await connect(old, moving)
    await disconnect(next, moving)
    await untilAt(old, moving)
    await untilAnswering(web, [moving])
    expect(await reloadReasons()).toEqual(reasons)
  })
})

describe('a container without a bridge network of its own', () => {
  it('is reached at 127.0.0.1 on the network of the host', async () => {
    const port = String(await freePort())
    const container = await stage.startContainer({
      service: web,
      network: 'host',
      env: [`PORT=${port}`],
      labels: { 'fairlead.port': port },
    })
    await stage.up()
    await stage.untilServing(web, 1)
    expect(await endpointOf(container)).toMatchObject({ address: '127.0.0.1', port: Number(port) })
    expect((await answer(web)).service).toBe(web)
  })

  it("is reached at another one's address in the network of that one", async () => {
    const network = await stage.createNetwork('shared')
    const owner = await stage.startContainer({ service: stage.name('owner'), network })
    const guest = await stage.startContainer({
      service: web,
      network: `container:${owner.id}`,
      env: ['PORT=81'],
      labels: { 'fairlead.port': '81' },
    })
    await stage.up()
    await stage.untilServing(web, 1)
    const address = await stage.addressOf(owner, network)
    expect(await endpointOf(guest)).toMatchObject({ address, port: 81 })
    expect((await answer(web)).service).toBe(web)
    expect((await answer(stage.name('owner'))).service).toBe(stage.name('owner'))
  })

  it('is left out with --network none, until it is connected as the hint says', async () => {
    const network = await stage.createNetwork('later')
    const alone = await stage.startContainer({ service: web, network: 'none' })
    await stage.up()
    await stage.until(async () => (await leftOut(alone)) !== undefined, 'it is left out')
    expect(await leftOut(alone)).toMatchObject({
      reason: expect.stringContaining('no network'),
      hint: 'docker network disconnect none <container>, then docker network connect <network> <container>',
    })
    await disconnect('none', alone)
    await connect(network, alone)
    await stage.untilServing(web, 1)
    expect((await endpointOf(alone))?.address).toBe(await stage.addressOf(alone, network))
  })

  it('is left out on macvlan, or reached at its published port', async () => {
    const parent = `fl-${randomBytes(4).toString('hex')}`
    execFileSync('ip', ['link', 'add', parent, 'type', 'bridge'])
    try {
      const Options = { parent }
      const network = await stage.createNetwork('lan', { Driver: 'macvlan', Options })
      const labels = { 'fairlead.network': network }
      const hidden = await stage.startContainer({ service: stage.name('hidden'), network })
      const open = await stage.startContainer({ service: web, labels, publish: '127.0.0.1' })
      await connect(network, open)
      await stage.up()
      await stage.untilServing(web, 1)
      expect(await leftOut(hidden)).toMatchObject({
        reason: expect.stringContaining('macvlan'),
        hint: expect.stringContaining('publish'),
      })
      expect((await endpointOf(open))?.address).toBe('127.0.0.1')
      expect((await answer(web)).hostname).toBe(open.hostname)
    } finally {
      execFileSync('ip', ['link', 'delete', parent])
    }
  })
})

describe('--published', () => {
  it('uses published ports for all, and leaves out who has none', async () => {
    const network = await stage.createNetwork('apart')
    const open = await stage.startContainer({ service: web, network, publish: true })
    const closed = await stage.startContainer({ service: web })
    await stage.up('--published')
    await stage.untilServing(web, 1)
    const endpoint = await endpointOf(open)
    expect(endpoint?.address).toBe('127.0.0.1')
    expect(endpoint?.port).not.toBe(80)
    expect((await answer(web)).hostname).toBe(open.hostname)
    expect(await leftOut(closed)).toMatchObject({
      reason: 'port 80 not published on host',
      hint: expect.stringContaining('docker run -p 80'),
    })
  })
})

describe('a container under load', () => {
  it('loses no request at its renaming, and its server has the new name', async () => {
    const container = await stage.startContainer({ service: web })
    await stage.up()
    await stage.untilServing(web, 1)
    const before = await endpointOf(container)
    const { reloads } = (await stage.status()).haproxy
    const load = new Load({
      port: stage.port,
      perSecond: 100,
      host: `${web}.localhost`,
      service: web,
    })
    const renamed = { ...container, name: stage.name('renamed') }
    await stage.post(`/containers/${container.id}/rename?name=${renamed.name}`)
    await stage.until(async () => (await endpointOf(renamed)) !== undefined, 'the name follows')
    await stage.untilServing(web, 1)
    const sent = load.report().sent
    await stage.until(() => load.report().sent > sent + 50, 'the load went on')
    expect((await load.stop()).failures).toEqual([])
    const after = await endpointOf(renamed)
    expect(after?.id).toContain(`:${renamed.name}:80`)
    expect(after?.server).not.toBe(before?.server)
    expect(after?.address).toBe(before?.address)
    expect((await stage.status()).haproxy.reloads).toBe(reloads)
  })

  it('loses no request at its restart while another one serves', async () => {
    const container = await stage.startContainer({ service: web })
    const other = await stage.startContainer({ service: web })
    await stage.up()
    await stage.untilServing(web, 2)
    const { reloads } = (await stage.status()).haproxy
    const loads = [true, false].map(
      (isKeptAlive) =>
        new Load({
          port: stage.port,
          perSecond: 50,
          host: `${web}.localhost`,
          service: web,
          isKeptAlive,
        }),
    )
    await stage.post(`/containers/${container.id}/restart`)
    await stage.untilServing(web, 2)
    for (const load of loads) {
      const { failures, byHostname } = await load.stop()
      expect(failures).toEqual([])
      expect(byHostname.get(other.hostname)).toBeGreaterThan(0)
    }
    await untilAnswering(web, [container, other])
    expect((await stage.status()).haproxy.reloads).toBe(reloads)
  })
})
