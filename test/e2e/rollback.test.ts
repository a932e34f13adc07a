import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { ChangeReport, GenerationReport } from '../../src/api/contract.ts'
import { get, Load } from './support/load.ts'
import { Stage, type Container } from './support/stage.ts'

let stage: Stage
let network: string
const [web, shop, old, late] = ['web', 'shop', 'old', 'late']
/** In the configuration only where a service has this balance. */
const newBalance = 'from fairlead-leastconn'
const names = new Map<string, string>()

beforeEach(async () => {
  stage = await Stage.open()
  for (const each of [web, shop, old, late]) names.set(each ?? '', stage.name(each ?? ''))
  network = await smallNetwork()
})

afterEach(async () => {
  await stage.close()
})

/** Five addresses for containers, so that one that is free is soon another's. */
async function smallNetwork(): Promise<string> {
  for (let tries = 0; ; tries += 1) {
    const [x, y] = [Math.floor(Math.random() * 200) + 20, Math.floor(Math.random() * 250)]
    const options = { IPAM: { Config: [{ Subnet: `10.${x}.${y}.0/29` }] } }
    try {
      return await stage.createNetwork('small', options)
    } catch (error) {
      // Another network of this machine has it.
      if (tries === 5) throw error
    }
  }
}

function nameOf(service: string | undefined): string {
  return names.get(service ?? '') ?? ''
}

function start(service: string | undefined, balance = ''): Promise<Container> {
  const labels = balance === '' ? {} : { 'fairlead.balance': balance }
  return stage.startContainer({ service: nameOf(service), network, labels, stopTimeout: 2 })
}

async function remove(container: Container): Promise<void> {
  await stage.post(`/containers/${container.id}/stop`)
  await stage.remove(container)
}

function configText(): Promise<string> {
  return readFile(join(stage.stateFolder, 'haproxy.cfg'), 'utf8')
}

async function newest(): Promise<ChangeReport> {
  const list = JSON.parse((await stage.api('GET', '/api/history?most=1')).body) as ChangeReport[]
  const [change] = list
  if (change === undefined) throw new Error('nothing was changed yet')
  return change
}

/** Starts containers of a service until one has the address; the others are removed. */
async function startAt(address: string, service: string | undefined): Promise<Container> {
  const passed: Container[] = []
  try {
    for (let tries = 0; tries < 6; tries += 1) {
      const container = await start(service)
      if ((await stage.addressOf(container, network)) === address) return container
      passed.push(container)
    }
  } finally {
    for (const each of passed) await remove(each)
  }
  throw new Error(`no container was given ${address}`)
}

it('goes back in structure and settings, while no request meets an address that is dead or reused', async () => {
  const webs = [await start(web), await start(web)]
  const shops = [await start(shop)]
  const gone = await start(old)
  await stage.up('--gone-service', '0s', '--reload-interval', '200ms')
  for (const [service, count] of [
    [web, 2],
    [shop, 1],
    [old, 1],
  ] as const) {
    await stage.untilServing(nameOf(service), count)
  }
  const before = await newest()

  // Another balance: the label of all containers of the service that are there by then.
  const fresh = await start(web, 'leastconn')
  for (const each of webs) await remove(each)
  await stage.until(async () => (await configText()).includes(newBalance), 'the balance is new')
  await stage.untilServing(nameOf(web), 1)

  const rollback = await stage.ask('rollback', String(before.id))
  expect(rollback).toMatchObject({ code: 0, stderr: '' })
  expect(await configText()).not.toContain(newBalance)
  expect((await stage.status()).pin?.generation).toBe(before.id)
  const difference = (await stage.ask('diff', String(before.id), '--text')).stdout
  expect(difference).not.toMatch(/^[-+].*leastconn/m)
  expect(difference).toMatch(/^\+ +server .*/m)

  const loads = [web, shop].map((service) => {
    const host = `${nameOf(service)}.localhost`
    return new Load({ port: stage.port, perSecond: 50, host, service: nameOf(service) })
  })
  const wrong: string[] = []
  const enough = new AbortController()
  const asking = (async () => {
    while (!enough.signal.aborted) {
      const answer = await get({ port: stage.port, host: `${nameOf(old)}.localhost` })
      const isOwn = answer.status === 200 && answer.body.includes(nameOf(old))
      if (!isOwn && answer.status !== 503) wrong.push(`${answer.status} ${answer.body}`)
    }
  })()

  // The address of a service that has gone becomes another one's.
  const goneAddress = await stage.addressOf(gone, network)
  await remove(gone)
  shops.push(await startAt(goneAddress, shop))
  await stage.untilServing(nameOf(shop), 2)
  // The service grows; and an address of it becomes the other one's.
  const second = await start(web, 'leastconn')
  await stage.untilServing(nameOf(web), 2)
  const webAddress = await stage.addressOf(fresh, network)
  await remove(fresh)
  shops.push(await startAt(webAddress, shop))
  await stage.untilServing(nameOf(shop), 3)
  await stage.untilServing(nameOf(web), 1)
  expect(await configText()).not.toContain(newBalance)
  expect(await configText()).toContain(await stage.addressOf(second, network))

  // A service that came later is left out, and it is said why.
  for (const each of shops.splice(1)) await remove(each)
  await start(late)
  await stage.until(
    async () => JSON.stringify((await stage.status()).problems).includes(nameOf(late)),
    'the late service is told as left out',
  )
  const lateAnswer = await get({ port: stage.port, host: `${nameOf(late)}.localhost` })
  expect(lateAnswer.body).not.toContain(`"service":"${nameOf(late)}"`)
  const explained = (await stage.ask('explain', nameOf(late))).stdout
  expect(explained).toContain(`pinned to generation ${before.id}`)

  enough.abort()
  await asking
  expect(await stage.ask('unpin')).toMatchObject({ code: 0 })
  expect(await configText()).toContain(newBalance)
  await stage.until(
    async () => (await get({ port: stage.port, host: `${nameOf(late)}.localhost` })).status === 200,
    'the late service answers',
  )
  for (const load of loads) {
    const { failures, sent } = await load.stop()
    expect(failures).toEqual([])
    expect(sent).toBeGreaterThan(100)
  }
  expect(wrong).toEqual([])

  const history = JSON.parse((await stage.ask('history', '--json', '-n', '100')).stdout) as
    | ChangeReport[]
    | []
  const causes = history.flatMap((change) => change.causes)
  expect(causes).toContain(`rollback to ${before.id} by operator`)
  expect(causes).toContain(`unpin from ${before.id} by operator`)
}, 180_000)

it('stays pinned over restarts of fairlead and of HAProxy, and is told without a daemon too', async () => {
  const first = await start(web)
  const daemon = await stage.up('--reload-interval', '200ms')
  await stage.untilServing(nameOf(web), 1)
  const before = await newest()
  await start(web, 'leastconn')
  await remove(first)
  await stage.until(async () => (await configText()).includes(newBalance), 'the balance is new')
  expect(await stage.ask('rollback', String(before.id))).toMatchObject({ code: 0 })
  const pinned = await newest()
  expect(pinned.id).toBeGreaterThan(before.id)

  const ended = new Promise((resolve) => daemon.once('exit', resolve))
  daemon.kill('SIGTERM')
  await ended
  const offline = ['--state-folder', stage.stateFolder]
  const kept = await stage.cli('history', String(pinned.id), '--json', ...offline)
  expect(JSON.parse(kept.stdout) as GenerationReport).toMatchObject({ pinnedTo: before.id })
  const difference = await stage.cli('diff', String(pinned.id - 1), String(pinned.id), ...offline)
  expect(difference.stdout).toContain('leastconn → ')

  await stage.up('--reload-interval', '200ms')
  await stage.untilServing(nameOf(web), 1)
  expect(await configText()).not.toContain(newBalance)
  process.kill(await stage.haproxyPid(), 'SIGKILL')
  await stage.until(async () => {
    const { haproxy } = await stage.status()
    return haproxy.state === 'running' && !haproxy.isAdopted
  }, 'HAProxy runs again')
  await stage.untilServing(nameOf(web), 1)
  expect(await configText()).not.toContain(newBalance)
  // It serves a moment before all of it is read back and told.
  await stage.until(async () => (await newest()).id > pinned.id, 'the new start is in the history')
  expect(await stage.ask('unpin')).toMatchObject({ code: 0 })
  expect(await configText()).toContain(newBalance)
  expect(await stage.ask('rollback', '99999')).toMatchObject({ code: 1 })
}, 120_000)
