import { spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Docker } from '../../../demo/docker.ts'
import { importImage, nodeFiles, nodeFlags } from '../../../demo/image.ts'
import type { AgentService } from '../../../src/consul/types.ts'
import { startConsul } from '../../support/consul/consul-agent.ts'
import type { ConsulAgent } from '../../support/consul/consul-agent.ts'
import { program } from './build.ts'
import { end } from './stage.ts'

const runLabel = 'test.fairlead.run'
const imageName = 'fairlead-e2e/web'
const serverFile = fileURLToPath(new URL('./server.mjs', import.meta.url))

export type RealContainer = {
  readonly name: string
  readonly env?: readonly string[]
  readonly labels?: Readonly<Record<string, string>>
  /** `80/tcp`; beside those that are published. */
  readonly exposed?: readonly string[]
  /** `80/tcp` → host port; 0: a free one. */
  readonly published?: Readonly<Record<string, number>>
  readonly network?: string
}

/** The program as it ran: started, waited for, ended. */
export class RegistratorProcess {
  readonly child: ChildProcess
  stdout = ''
  stderr = ''
  readonly exit: Promise<number>
  #hasClosed = false

  constructor(file: string, args: readonly string[], environment: NodeJS.ProcessEnv) {
    this.child = spawn(process.execPath, [file, ...args], {
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.child.stdout?.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()))
    this.child.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()))
    this.exit = new Promise((resolve) => {
      this.child.once('close', (code) => {
        this.#hasClosed = true
        resolve(code ?? -1)
      })
    })
  }

  /** Log lines without their time. */
  get lines(): string[] {
    return this.stderr.split('\n').flatMap((line) => {
      const text = /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d (.*)$/.exec(line)?.[1]
      return text === undefined ? [] : [text]
    })
  }

  async until(pattern: RegExp, count = 1): Promise<void> {
    const endAt = performance.now() + 30_000
    while (this.lines.filter((line) => pattern.test(line)).length < count) {
      if (performance.now() > endAt || this.#hasClosed) {
        throw new Error(`waited in vain for ${count} × ${pattern} in\n${this.stderr}`)
      }
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}

/** This machine's Docker daemon, a Consul agent, and the program; all that it made goes at `close`. */
export class RegistratorLab {
  readonly consul: ConsulAgent
  readonly folder: string
  readonly docker = new Docker({ socketPath: '/var/run/docker.sock' })
  readonly run = `fl-e2e-${randomBytes(3).toString('hex')}`
  readonly #networks: string[] = []
  readonly #processes: RegistratorProcess[] = []

  private constructor(consul: ConsulAgent, folder: string) {
    this.consul = consul
    this.folder = folder
  }

  static async open(): Promise<RegistratorLab> {
    const folder = await mkdtemp(join(tmpdir(), 'fl-e2e-'))
    const lab = new RegistratorLab(await startConsul(), folder)
    await importImage(lab.docker, {
      name: imageName,
      tag: lab.run,
      changes: [
        `ENTRYPOINT ${JSON.stringify(['/bin/node', ...nodeFlags, '/srv/server.mjs'])}`,
        'ENV PATH=/bin UV_THREADPOOL_SIZE=1',
      ],
      files: nodeFiles(serverFile),
    })
    return lab
  }

  /** With only this run's containers, unless `args` say which. */
  start(args: readonly string[], environment: NodeJS.ProcessEnv = {}): RegistratorProcess {
    const started = new RegistratorProcess(
      program,
      ['registrator', '-only-name', `${this.run}-*`, ...args, `consul://${this.consul.address}`],
      { DOCKER_HOST: 'unix:///var/run/docker.sock', ...environment },
    )
    this.#processes.push(started)
    return started
  }

  /** The program as somebody calls it. */
  call(args: readonly string[], file = program): RegistratorProcess {
    const started = new RegistratorProcess(file, args, { DOCKER_HOST: 'unix:///nowhere' })
    this.#processes.push(started)
    return started
  }

  /** A link to the program that is called so. */
  async link(name: string): Promise<string> {
    const path = join(this.folder, name)
    await symlink(program, path)
    return path
  }

  async createNetwork(what: string): Promise<string> {
    const name = `${this.run}-${what}`
    await this.docker.call('POST', '/networks/create', [201], { body: { Name: name } })
    this.#networks.push(name)
    return name
  }

  /** Its id. */
  async startContainer(container: RealContainer): Promise<string> {
    const published = Object.entries(container.published ?? {})
    const ports = [...(container.exposed ?? []), ...published.map(([port]) => port)]
    const body = {
      Image: `${imageName}:${this.run}`,
      Env: container.env ?? [],
      Labels: { [runLabel]: this.run, ...container.labels },
      ExposedPorts: Object.fromEntries(ports.map((port) => [port, {}])),
      HostConfig: {
        LogConfig: { Type: 'none' },
        NetworkMode: container.network ?? 'default',
        PortBindings: Object.fromEntries(
          published.map(([port, host]) => [port, [{ HostPort: host === 0 ? '' : `${host}` }]]),
        ),
      },
    }
    const path = `/containers/create?name=${this.run}-${container.name}`
    const { Id } = JSON.parse((await this.docker.call('POST', path, [201], { body })).body) as {
      Id: string
    }
    await this.post(`/containers/${Id}/start`)
    return Id
  }

  async post(path: string): Promise<void> {
    await this.docker.call('POST', path, [204, 304], { timeoutMs: 60_000 })
  }

  /** The host port of a published port. */
  async hostPort(id: string, port: string): Promise<string> {
    const { NetworkSettings } = await this.docker.get<{
      NetworkSettings: { Ports: Record<string, { HostPort: string }[] | null> }
    }>(`/containers/${id}/json`)
    return NetworkSettings.Ports[port]?.[0]?.HostPort ?? ''
  }

  async addressOf(id: string, network: string): Promise<string> {
    const { NetworkSettings } = await this.docker.get<{
      NetworkSettings: { Networks: Record<string, { IPAddress: string }> }
    }>(`/containers/${id}/json`)
    return NetworkSettings.Networks[network]?.IPAddress ?? ''
  }

  /** `id | name | address:port | tags | meta` of what is registered; this run's name is left out. */
  async rows(): Promise<string[]> {
    const { body } = await this.consul.api<Record<string, AgentService>>(
      'GET',
      '/v1/agent/services',
    )
    return Object.values(body)
      .map(({ ID, Service, Address, Port, Tags, Meta }) =>
        [ID, Service, `${Address}:${Port}`, (Tags ?? []).join(), JSON.stringify(Meta ?? {})]
          .join(' | ')
          .replaceAll(`${this.run}-`, ''),
      )
      .toSorted()
  }

  /** Ends what runs, and leaves neither containers nor services. */
  async clear(): Promise<void> {
    for (const { child } of this.#processes.splice(0)) await end(child, 'SIGTERM')
    const filters = encodeURIComponent(JSON.stringify({ label: [`${runLabel}=${this.run}`] }))
    const left = await this.docker.get<readonly { Id: string }[]>(
      `/containers/json?all=1&filters=${filters}`,
    )
    for (const { Id } of left) {
      await this.docker.call('DELETE', `/containers/${Id}?force=1&v=1`, [204, 404, 409])
    }
    for (const network of this.#networks.splice(0)) {
      await this.docker.call('DELETE', `/networks/${network}`, [204, 404])
    }
    const { body } = await this.consul.api<Record<string, unknown>>('GET', '/v1/agent/services')
    for (const id of Object.keys(body)) {
      await this.consul.api('PUT', `/v1/agent/service/deregister/${encodeURIComponent(id)}`)
    }
  }

  async close(): Promise<void> {
    await this.clear()
    await this.docker.call('DELETE', `/images/${imageName}:${this.run}?force=1`, [200, 404])
    await this.consul.close()
    await rm(this.folder, { recursive: true, force: true })
  }
}
