import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { openFairlead } from './fronts/fairlead.ts'
import { handWrittenConfig } from './fronts/haproxy-config.ts'
import { missing } from './fronts/programs.ts'
import { isAnswering } from './fronts/traefik.ts'
import { startAnswerer } from './load/answerer.ts'
import type { Outcome, Row } from './report.ts'
import { cpuMs, withDescendants } from './stage/process-usage.ts'
import { startProgram } from './stage/program.ts'
import { register } from './stage/registrations.ts'
import { until } from './stage/stage.ts'
import { freePort } from '../test/support/ports.ts'
import type { Stage } from './stage/stage.ts'
import { median } from './statistics.ts'

const run = promisify(execFile)
const rounds = 7
const service = 'shop'
const servers = [1, 2, 3, 4].map((i) => ({ name: `s${i}`, address: `127.2.0.${i}` }))

// The proxies share one processor, wrk and the servers the other: the proxy is the narrow place.
const proxyCore = ['taskset', '-c', '0']
const clientCore = ['taskset', '-c', '1']

/**
 * What a request costs through fairlead's configuration against the hand-written one. The proxy's
 * processor is busy all the time, so its CPU time a request is the throughput without what the
 * neighbours of a shared machine take away, which halves a rate from one round to the next.
 */
export async function throughput(stage: Stage): Promise<Outcome> {
  const lacks = missing(['wrk', 'taskset'])
  if (lacks.length > 0) throw new Error(`missing: ${lacks.join(', ')} (apt-get install wrk)`)
  const port = await startAnswerer(stage, clientCore)
  const plain = await compare(stage, port, false)
  const logged = await compare(stage, port, true)
  return { rows: [...rowsOf(plain), ...rowsOf(logged)], notes: [], details: { plain, logged } }
}

/** One round: requests a second, and microseconds of the proxy's CPU time a request. */
type Measured = { readonly rate: number; readonly cpuUs: number }

type Comparison = {
  readonly hasAccessLog: boolean
  readonly fairlead: readonly Measured[]
  readonly handWritten: readonly Measured[]
}

async function compare(stage: Stage, port: number, hasAccessLog: boolean): Promise<Comparison> {
  console.log(`throughput, access log ${hasAccessLog ? 'on' : 'off'}`)
  const log = hasAccessLog ? 'file' : 'off'
  const flags = ['--docker', 'none', '--route', 'all', '--access-log', log]
  const fairlead = await openFairlead(stage, { flags, under: proxyCore })
  for (const { name, address } of servers) {
    await register(fairlead.socketPath, { ID: name, Name: service, Address: address, Port: port })
  }
  const byHand = await startByHand(stage, port, hasAccessLog)
  for (const front of [fairlead, byHand]) {
    await until(`port ${front.port} answers`, async () => (await wrk(front.port, 1)).rate > 0)
  }
  const proxies = { fairlead: await fairlead.proxies(), handWritten: withDescendants([byHand.pid]) }
  const rates = { fairlead: [] as Measured[], handWritten: [] as Measured[] }
  for (let round = 0; round < rounds; round += 1) {
    rates.fairlead.push(await measure(fairlead.port, proxies.fairlead))
    rates.handWritten.push(await measure(byHand.port, proxies.handWritten))
  }
  await byHand.close()
  await fairlead.close()
  return { hasAccessLog, ...rates }
}

async function startByHand(
  stage: Stage,
  serverPort: number,
  hasAccessLog: boolean,
): Promise<{ port: number; pid: number; close(): Promise<void> }> {
  const port = await freePort()
  const name = `by-hand-${hasAccessLog ? 'logged' : 'plain'}`
  const file = join(stage.folder, `${name}.cfg`)
  const services = new Map([[service, servers.map((each) => ({ ...each, port: serverPort }))]])
  const socket = join(stage.folder, `${name}.sock`)
  writeFileSync(file, handWrittenConfig({ port, socket, services, hasAccessLog, hasChecks: true }))
  const command = [...proxyCore, 'haproxy', '-W', '-db', '-f', file]
  const program = await startProgram(command, join(stage.folder, `${name}.log`))
  stage.onClose(() => program.end('SIGTERM'))
  await until('the hand-written HAProxy answers', () => isAnswering(port))
  return { port, pid: program.pid, close: () => program.end('SIGTERM') }
}

async function measure(port: number, proxies: readonly number[]): Promise<Measured> {
  const before = cpuMs(proxies)
  const { rate, count } = await wrk(port, 2)
  return { rate, cpuUs: ((cpuMs(proxies) - before) * 1000) / count }
}

/** Requests over 50 kept-alive connections; a rate of 0 when any answer was not a 200. */
async function wrk(port: number, seconds: number): Promise<{ rate: number; count: number }> {
  const header = ['-H', `Host: ${service}.localhost`]
  const args = ['wrk', '-t1', '-c50', `-d${seconds}s`, ...header, `http://127.0.0.1:${port}/`]
  const { stdout } = await run('taskset', ['-c', '1', ...args])
  if (/Non-2xx|Socket errors/.test(stdout)) return { rate: 0, count: 0 }
  return {
    rate: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1] ?? 0),
    count: Number(/(\d+) requests in/.exec(stdout)?.[1] ?? 0),
  }
}

function rowsOf({ hasAccessLog, fairlead, handWritten }: Comparison): readonly Row[] {
  const how = `access log ${hasAccessLog ? 'on' : 'off'}`
  const ratios = fairlead.map(({ cpuUs }, i) => (handWritten[i]?.cpuUs ?? Number.NaN) / cpuUs)
  const rate = (of: readonly Measured[]): number => median(of.map((each) => each.rate))
  const cpuUs = (of: readonly Measured[]): number => median(of.map((each) => each.cpuUs))
  return [
    {
      what: `throughput against hand-written, ${how}`,
      of: 'fairlead',
      measured: median(ratios),
      unit: '',
      budget: { is: '>=', value: 0.98 },
    },
    { what: `CPU a request, ${how}`, of: 'fairlead', measured: cpuUs(fairlead), unit: 'µs' },
    { what: `CPU a request, ${how}`, of: 'hand-written', measured: cpuUs(handWritten), unit: 'µs' },
    { what: `requests, ${how}`, of: 'fairlead', measured: rate(fairlead), unit: '/s' },
    { what: `requests, ${how}`, of: 'hand-written', measured: rate(handWritten), unit: '/s' },
  ]
}
