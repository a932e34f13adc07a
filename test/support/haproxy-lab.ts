import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer as createHttpServer, request, Agent } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AdminState, DesiredState } from '../../src/model/desired-state.ts'
import { HaproxyProcess } from '../../src/haproxy/process/haproxy-process.ts'
import type { HaproxyProcessOptions } from '../../src/haproxy/process/haproxy-process.ts'
import { findHaproxy } from '../../src/haproxy/process/program.ts'
import { startTicksOf } from '../../src/support/process-identity.ts'
import { freePort } from './ports.ts'

/** One server of the lab's only backend, `app`. */
export type LabServer = {
  readonly name: string
  readonly port: number
  readonly weight?: number
  readonly admin?: AdminState
  readonly check?: boolean
}

/** A folder of its own, a free port, and everything that was started in it, ended by `close`. */
export class HaproxyLab {
  readonly folder: string
  readonly port: number
  readonly options: HaproxyProcessOptions
  readonly #releases: (() => Promise<unknown>)[] = []

  private constructor(folder: string, port: number, options: HaproxyProcessOptions) {
    this.folder = folder
    this.port = port
    this.options = options
  }

  /** `program`: a path, or a name on PATH. */
  static async open(program = 'haproxy'): Promise<HaproxyLab> {
    const folder = await mkdtemp(join(tmpdir(), 'fl-lab-'))
    return new HaproxyLab(folder, await freePort(), {
      program: await findHaproxy(program),
      configPath: join(folder, 'haproxy.cfg'),
      masterSocket: join(folder, 'master.sock'),
      workerSocket: join(folder, 'stats.sock'),
      logPath: join(folder, 'haproxy.log'),
      recordPath: join(folder, 'running.json'),
    })
  }

  get mapPath(): string {
    return join(this.folder, 'hosts.map')
  }

  /** Not started; it is stopped by `close`. */
  process(): HaproxyProcess {
    const haproxy = new HaproxyProcess(this.options)
    this.#releases.push(() => haproxy.stop(0))
    return haproxy
  }

  release(how: () => Promise<unknown>): void {
    this.#releases.push(how)
  }

  desired(
    servers: readonly LabServer[],
    more: { hosts?: string; global?: string; binds?: readonly string[]; balance?: string } = {},
  ): DesiredState {
    const binds = more.binds ?? [`127.0.0.1:${this.port}`]
    const config = [
      'global',
      '  noreuseport',
      `  stats socket ${this.options.workerSocket} mode 600 level admin expose-fd listeners`,
      ...(more.global === undefined ? [] : [`  ${more.global}`]),
      'defaults',
      '  mode http',
      '  retries 3',
      '  option redispatch 1',
      // Else a worker that ends closes idle connections on which a request may just be coming.
      '  option idle-close-on-response',
      '  timeout connect 500ms',
      '  timeout client 10s',
      '  timeout server 10s',
      'frontend web',
      ...binds.map((bind) => `  bind ${bind}`),
      `  use_backend %[req.hdr(host),lower,map_str(${this.mapPath},app)]`,
      'backend app',
      `  balance ${more.balance ?? 'roundrobin'}`,
      ...servers.map(serverLine),
      'backend other',
      '  http-request return status 200 content-type text/plain string other',
      '',
    ].join('\n')
    const states = servers.flatMap(({ name, admin }) =>
      admin === undefined ? [] : [[`app/${name}`, admin] as const],
    )
    return {
      config,
      files: new Map([[this.mapPath, more.hosts ?? 'x.test app\n']]),
      servers: new Map(states),
    }
  }

  /** Puts a desired state on disk as it is, for what does not go through the apply stage. */
  async write(desired: DesiredState): Promise<void> {
    await writeFile(this.options.configPath, desired.config)
    for (const [path, content] of desired.files) await writeFile(path, content)
  }

  /** A web server that answers with its name after so many ms, or not before that; gives its port. */
  async webServer(name: string, delay: number | Promise<unknown> = 0): Promise<number> {
    const server: Server = createHttpServer((_, response) => {
      // A connection that went back to HAProxy's pool would keep a removed server for five seconds more.
      if (delay !== 0) response.setHeader('connection', 'close')
      const answer = () => response.end(name)
      if (typeof delay === 'number') setTimeout(answer, delay)
      else void delay.then(answer)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    this.#releases.push(async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    })
    return (server.address() as AddressInfo).port
  }

  /** The body of one request through HAProxy; throws unless it is answered 200. */
  get(options: { agent?: Agent; host?: string } = {}): Promise<string> {
    return get(this.port, options)
  }

  async close(): Promise<void> {
    for (const release of this.#releases.toReversed()) await release()
    await rm(this.folder, { recursive: true, force: true })
  }
}

function serverLine({ name, port, weight, admin, check }: LabServer): string {
  const words = [`  server ${name} 127.0.0.1:${port}`]
  if (check === true) words.push('check')
  if (weight !== undefined) words.push(`weight ${weight}`)
  if (admin !== undefined && admin !== 'ready') words.push('disabled')
  return words.join(' ')
}

export function get(
  port: number,
  options: { agent?: Agent; host?: string; path?: string } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = options.host === undefined ? {} : { host: options.host }
    const agent = options.agent ?? new Agent()
    const { path = '/' } = options
    const call = request({ host: '127.0.0.1', port, path, headers, agent }, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (text: string) => {
        body += text
      })
      response.on('end', () => {
        if (response.statusCode === 200) resolve(body)
        else reject(new Error(`status ${response.statusCode}`))
      })
    })
    call.on('error', reject)
    call.setTimeout(30_000, () => call.destroy(new Error('no answer within 30 s')))
    call.end()
  })
}

/** Keeps asking at a fixed pace until stopped; gives the number of answers and all failures. */
export function constantLoad(
  port: number,
  everyMs: number,
): {
  /** So far. */
  answered: () => number
  stop: () => Promise<{ answered: number; failed: string[] }>
} {
  const agents = [new Agent(), new Agent({ keepAlive: true })]
  const failed: string[] = []
  const open = new Set<Promise<void>>()
  let answered = 0
  let count = 0
  const timer = setInterval(() => {
    count += 1
    const agent = agents[count % 2]
    const one: Promise<void> = get(port, agent === undefined ? {} : { agent }).then(
      () => {
        answered += 1
        open.delete(one)
      },
      (error: unknown) => {
        failed.push(String(error))
        open.delete(one)
      },
    )
    open.add(one)
  }, everyMs)
  return {
    answered: () => answered,
    stop: async () => {
      clearInterval(timer)
      await Promise.all(open)
      for (const agent of agents) agent.destroy()
      return { answered, failed }
    },
  }
}

/** Waits for a condition; throws after half a minute. */
export async function until(what: string, isTrue: () => boolean | Promise<boolean>): Promise<void> {
  const endAt = performance.now() + 30_000
  while (!(await isTrue())) {
    if (performance.now() > endAt) throw new Error(`not within 30 s: ${what}`)
    await new Promise((resolve) => {
      setTimeout(resolve, 5)
    })
  }
}

export function isAlive(pid: number): boolean {
  return startTicksOf(pid) !== undefined
}
