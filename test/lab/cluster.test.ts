import { closeSync, openSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ClusterReport } from '../../src/api/contract.ts'
import { call } from '../../demo/http.ts'
import { program } from '../e2e/support/build.ts'
import { get, Load } from '../e2e/support/load.ts'
import type { Host } from './host.ts'
import type { HostProcess } from './host-process.ts'
import { Lab } from './lab.ts'
import { until } from './until.ts'

const template = fileURLToPath(new URL('../../deploy/keepalived/keepalived.conf', import.meta.url))
const perSecond = 100

// Beyond the balancers: the machine of the endpoints.
const web = `
const { createServer } = require('node:http')
const answer = (name) => (request, response) => response.end(JSON.stringify({ service: 'web', hostname: name }))
for (const port of [8001, 8002]) createServer(answer('web-' + port)).listen(port)
`

let lab: Lab
let balancers: readonly [Host, Host]
let address: string
const fairleads = new Map<Host, HostProcess>()

beforeAll(async () => {
  lab = await Lab.start({ hosts: 3, dockerFlags: false })
  balancers = [lab.host(1), lab.host(2)]
  address = lab.spareAddresses[0] ?? ''
  await lab.consul()
  const last = lab.host(3)
  last.spawn(process.execPath, ['-e', web], { stdio: 'ignore' })
  for (const port of [8001, 8002]) {
    const body = {
      ID: `web-${port}`,
      Name: 'web',
      Address: last.address,
      Port: port,
      Meta: { fairlead_enable: 'true' },
    }
    const target = { host: last.address, port: 8500 }
    await call(target, 'PUT', '/v1/agent/service/register', { body })
  }
  // Whoever is there first has the address.
  await startBalancer(balancers[0], 'lb1')
  await untilHolder(balancers[0])
  await startBalancer(balancers[1], 'lb2')
}, 120_000)

afterAll(() => lab.close())

async function startBalancer(host: Host, name: string): Promise<void> {
  startFairlead(host)
  await until(
    `${name} serves`,
    async () => (await get({ address: host.address, port: 80 })).status === 200,
  )
  startKeepalived(host, await keepalivedConfig(host), name)
}

function startFairlead(host: Host): void {
  const own = ['--state-folder', join(host.folder, 'fairlead'), '--admin', 'none']
  const flags = ['--registry', 'consul://127.0.0.1:8500', '--docker', 'none', '--http', '*:80']
  const fairlead = host.spawn(process.execPath, [program, 'up', ...own, ...flags], {
    stdio: 'ignore',
  })
  fairleads.set(host, fairlead)
}

/** The file as it is shipped, with the four lines that everybody changes changed. */
async function keepalivedConfig(host: Host): Promise<string> {
  const [first, second] = balancers
  const values = { ADDRESS: `${address}/24`, LB1: first.address, LB2: second.address }
  let text = await readFile(template, 'utf8')
  for (const [name, value] of Object.entries(values)) {
    const line = new RegExp(`^\\$${name}=.*$`, 'm')
    expect(text).toMatch(line)
    text = text.replace(line, `$${name}=${value}`)
  }
  const path = join(host.folder, 'keepalived.conf')
  await writeFile(path, text, { mode: 0o644 })
  return path
}

function startKeepalived(host: Host, path: string, name: string): void {
  const flags = ['--dont-fork', '--log-console', '--vrrp', '--config-id', name, '--use-file', path]
  const log = openSync(join(host.folder, 'keepalived.log'), 'a')
  host.spawn('keepalived', flags, { stdio: ['ignore', log, log] })
  closeSync(log)
}

async function hasAddress(host: Host): Promise<boolean> {
  if (!host.isOn) return false
  return (await host.run('ip', ['-o', 'addr', 'show', 'dev', 'eth0'])).includes(` ${address}/`)
}

async function untilHolder(wanted: Host): Promise<void> {
  await until(`${wanted.name} alone has the address`, async () => {
    const held = await Promise.all(balancers.map(hasAddress))
    return balancers.every((host, index) => held[index] === (host === wanted))
  })
}

async function clusterOf(host: Host): Promise<Extract<ClusterReport, { kind: 'consul' }>> {
  const socketPath = join(host.folder, 'fairlead', 'admin.sock')
  const { body } = await call({ socketPath }, 'GET', '/api/cluster')
  const report = JSON.parse(body) as ClusterReport
  if (report.kind !== 'consul') throw new Error('the registry is embedded')
  return report
}

const untilAllSame = (host: Host): Promise<void> =>
  until('both serve the same', async () => {
    const { members, isSame } = await clusterOf(host)
    return members.length === 2 && isSame
  })

const startLoad = (): Load => new Load({ address, port: 80, perSecond, service: 'web' })

async function untilSent(load: Load, more: number): Promise<void> {
  const wanted = load.report().sent + more
  await until(`${more} more requests`, () => load.report().sent >= wanted)
}

describe('one address before two load balancers', () => {
  it('stays where fairlead is killed, and no request fails', async () => {
    const [first, second] = balancers
    await untilAllSame(second)
    const load = startLoad()
    await fairleads.get(first)?.stop('SIGKILL')
    await until('the other one sees it', async () => {
      const { members } = await clusterOf(second)
      return members.some(({ node, state }) => node === first.name && state === 'critical')
    })
    await untilHolder(first)
    startFairlead(first)
    await untilAllSame(second)
    await untilHolder(first)
    const { sent, failures } = await load.stop()
    expect(failures).toEqual([])
    expect(sent).toBeGreaterThan(perSecond)
  })

  it('moves when the machine loses power, and does not move back', async () => {
    const [first, second] = balancers
    const load = startLoad()
    await untilSent(load, 2 * perSecond)
    expect(load.report().failures).toEqual([])
    await first.powerOff()
    const { pending } = load.report()
    await untilHolder(second)
    const { sent: sentBefore } = load.report()
    await untilSent(load, 3 * perSecond)
    const { failures } = await load.stop()
    expect(failures.filter((line) => numberOf(line) > sentBefore)).toEqual([])
    // Connections are tried again by the kernel; what was under way is lost.
    expect(failures.length).toBeLessThanOrEqual(Math.max(10, pending))
    await first.powerOn()
    await startBalancer(first, 'lb1')
    await untilAllSame(second)
    await untilHolder(second)
  })

  it('moves when HAProxy is ended, and what is sent from then on is answered', async () => {
    const [first, second] = balancers
    await untilHolder(second)
    const load = startLoad()
    await untilSent(load, perSecond)
    await fairleads.get(second)?.stop('SIGINT')
    await untilHolder(first)
    const { sent: sentBefore } = load.report()
    await untilSent(load, perSecond)
    const { failures } = await load.stop()
    expect(failures.filter((line) => numberOf(line) > sentBefore)).toEqual([])
    await expect
      .poll(async () => (await clusterOf(first)).members.map(({ node }) => node))
      .toEqual([first.name])
  })
})

const numberOf = (failure: string): number => Number(/request (\d+)/.exec(failure)?.[1])
