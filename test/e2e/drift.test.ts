import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { ChangeReport } from '../../src/api/contract.ts'
import { runCommands } from '../../src/haproxy/runtime/socket.ts'
import { end, Stage } from './support/stage.ts'
import { freePort } from '../support/ports.ts'

let stage: Stage
let server: Server
let port = 0

beforeEach(async () => {
  stage = await Stage.open({ hasImage: false })
  server = createServer((_, response) => response.end('hello'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  port = typeof address === 'object' ? (address?.port ?? 0) : 0
})

afterEach(async () => {
  await stage.close()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

const args = ['--docker', 'none', '--drift-interval', '200ms', '--reload-interval', '0s']

/** Two servers of the service `shop`; gives what HAProxy calls them: `backend/server`. */
async function registerShop(): Promise<readonly string[]> {
  for (const id of ['shop-1', 'shop-2']) {
    const body = { ID: id, Name: 'shop', Address: '127.0.0.1', Port: port }
    const Meta = { fairlead_enable: 'true', fairlead_host: 'shop.test' }
    await stage.api('PUT', '/v1/agent/service/register', { ...body, Meta })
  }
  await stage.untilServing('shop', 2)
  const [service] = (await stage.status()).services
  return (service?.endpoints ?? []).map((each) => `${service?.backend}/${each.server}`)
}

/** As another program would, on HAProxy's own socket. */
function tell(...commands: readonly string[]): Promise<readonly string[]> {
  return runCommands(join(stage.stateFolder, 'haproxy.sock'), commands)
}

async function changes(): Promise<readonly ChangeReport[]> {
  return JSON.parse((await stage.api('GET', '/api/history?most=100')).body) as ChangeReport[]
}

/** What HAProxy has, as far as fairlead decides it. */
async function running(): Promise<string> {
  const maps = ['hosts.map', 'default.map'].map((name) => join(stage.stateFolder, 'maps', name))
  const [servers = '', ...contents] = await tell(
    'show servers state',
    ...maps.map((path) => `show map ${path}`),
  )
  const rows = servers
    .split('\n')
    .slice(2)
    .map((row) => row.split(' '))
    .map((row) => [row[1], row[3], row[4], row[6], row[7], row[18]].join(' '))
  const entries = contents.flatMap((text) =>
    text.split('\n').map((line) => line.split(' ').slice(1)),
  )
  return JSON.stringify([rows.toSorted((a, b) => a.localeCompare(b)), entries])
}

it('repairs what another program does to HAProxy by its socket, each time as a generation', async () => {
  await stage.up(...args)
  const [first = '', second = ''] = await registerShop()
  const wanted = await running()
  const map = join(stage.stateFolder, 'maps', 'hosts.map')
  const meddling = [
    [`set server ${first} weight 77`],
    [`set server ${first} state maint`],
    [`set server ${second} state drain`],
    [`set map ${map} shop.test fairlead_none`],
    [`add map ${map} other.test ${first.split('/')[0]}`],
    [`del map ${map} shop.test`],
    [`set server ${second} state maint`, `del server ${second}`],
  ]
  for (const [index, commands] of meddling.entries()) {
    await tell(...commands)
    await stage.until(async () => {
      const repairs = (await changes()).filter(({ causes }) => causes[0]?.startsWith('drift: '))
      return repairs.length > index
    }, `drift ${index} is repaired`)
    await stage.untilServing('shop', 2)
    expect(await running()).toBe(wanted)
  }
  const hows = (await changes()).filter(({ causes }) => causes[0]?.startsWith('drift: '))
  expect(hows.map(({ how }) => how)).toEqual(meddling.map(() => 'runtime'))
})

it("takes operators' words for no drift, and shows it without repairing with --drift report", async () => {
  await stage.up(...args, '--drift', 'report')
  const [first = ''] = await registerShop()
  await stage.ask('weight', 'shop-1', '7')
  await stage.ask('drain', 'shop-2')
  await stage.until(async () => {
    const state = await running()
    return state.includes(' 7 ') && (await stage.status()).isApplied && state.includes(' 8 ')
  }, 'both words are in force')
  const before = (await changes()).length
  await tell(`set server ${first} weight 99`)
  await stage.until(async () => ((await stage.status()).drift ?? []).length > 0, 'drift is shown')
  const { drift, problems } = await stage.status()
  expect(drift).toHaveLength(1)
  expect(drift?.[0]).toContain('weight 99 → 7')
  expect(JSON.stringify(problems)).toContain('changed by someone else')
  expect((await stage.api('GET', '/metrics')).body).toMatch(/^fairlead_drift 1$/m)
  expect(await running()).toContain(' 99 ')
  await tell(`set server ${first} weight 7`)
  await stage.until(async () => (await stage.status()).drift?.length === 0, 'drift has gone')
  expect((await changes()).length).toBe(before)
})

/** Not while a worker of HAProxy that has not ended yet still listens there. */
function listens(on: Server, at: number): Promise<boolean> {
  return new Promise((resolve) => {
    const fail = (): void => resolve(false)
    on.once('error', fail)
    on.listen(at, '127.0.0.1', () => {
      on.off('error', fail)
      resolve(true)
    })
  })
}

it('is not pinned when a rollback cannot be done, and says why', async () => {
  const oldPort = await freePort()
  const daemon = await stage.up(...args, '--http', `127.0.0.1:${oldPort}`)
  await registerShop()
  const [before] = (await changes()).slice(-1)
  await end(daemon, 'SIGTERM')
  await stage.up(...args)
  await stage.untilServing('shop', 2)
  const other = createServer()
  await stage.until(() => listens(other, oldPort), 'the address is free, and then is not')
  try {
    const { code, stderr } = await stage.ask('rollback', String(before?.id))
    expect(code).toBe(1)
    expect(stderr).toContain(String(oldPort))
    await stage.untilServing('shop', 2)
    const status = await stage.status()
    expect(status.pin).toBeUndefined()
    await stage.until(async () => (await stage.status()).isApplied, 'the newest is in force')
  } finally {
    await new Promise((resolve) => other.close(resolve))
  }
  expect((await changes()).some(({ how }) => how === 'failed')).toBe(true)
  expect(await stage.ask('rollback', String(before?.id))).toMatchObject({ code: 0 })
  expect((await stage.status()).pin?.generation).toBe(before?.id)
})
