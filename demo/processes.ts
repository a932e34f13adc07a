import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { call } from './http.ts'
import type { Target } from './http.ts'
import { byNumber, forAll, serviceName, startsAtOnce, stopsAtOnce } from './web-servers.ts'
import type { WebServer, WebServers } from './web-servers.ts'

type Server = WebServer & { readonly child: ChildProcess }

const serverFile = fileURLToPath(new URL('./server.mjs', import.meta.url))

/**
 * Web servers as local processes, for machines without a usable Docker. Each has a made-up hostname
 * and a free port of 127.0.0.1, registers itself through fairlead's API, and ends when the demo ends,
 * however that happens.
 */
export function createProcesses(admin: Target, logFile: string): WebServers {
  const servers: Server[] = []
  let lastNumber = 0

  const start = async (number: number) => {
    const name = `${serviceName}-${number}`
    const hostname = randomBytes(6).toString('hex')
    const { child, port } = await startServer(hostname, logFile)
    const server = { name, hostname, child }
    servers.push(server)
    child.once('exit', () => forget(server))
    const body = {
      ID: name,
      Name: serviceName,
      Address: '127.0.0.1',
      Port: port,
      Meta: { fairlead_default: 'true' },
    }
    await put(admin, '/v1/agent/service/register', body)
  }
  const forget = (server: Server) => {
    const index = servers.indexOf(server)
    if (index >= 0) servers.splice(index, 1)
  }
  const stop = async (server: Server) => {
    await put(admin, `/v1/agent/service/deregister/${server.name}`)
    await end(server.child)
  }

  return {
    kind: 'processes',
    async scale(count) {
      servers.sort(byNumber)
      await forAll(stopsAtOnce, servers.slice(count).toReversed(), stop)
      const missing = Math.max(0, count - servers.length)
      const numbers = Array.from({ length: missing }, () => (lastNumber += 1))
      await forAll(startsAtOnce, numbers, start)
      return servers.toSorted(byNumber)
    },
    async removeAll() {
      await forAll(stopsAtOnce, [...servers], ({ child }) => end(child, 'SIGKILL'))
    },
  }
}

async function startServer(
  hostname: string,
  logFile: string,
): Promise<{ child: ChildProcess; port: number }> {
  const log = openSync(logFile, 'a')
  const child = fork(serverFile, {
    // A session of its own: Ctrl-C is for the demo, which then ends its servers in order.
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
    execArgv: ['--max-semi-space-size=1'],
    env: {
      PATH: process.env['PATH'],
      PORT: '0',
      HOST: '127.0.0.1',
      SHOWN_NAME: hostname,
      KIND: 'a process of its own',
    },
  })
  closeSync(log)
  return { child, port: await reportedPort(child, logFile) }
}

function reportedPort(child: ChildProcess, logFile: string): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('message', (message: { port: number }) => resolve(message.port))
    child.once('error', reject)
    child.once('exit', () => reject(new Error(`A demo web server did not start; see ${logFile}`)))
  })
}

async function end(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill(signal)
  await ended
}

async function put(admin: Target, path: string, body?: object): Promise<void> {
  const answer = await call(admin, 'PUT', path, body === undefined ? {} : { body })
  if (answer.status !== 200) throw new Error(`fairlead: PUT ${path}: ${answer.body.trim()}`)
}
