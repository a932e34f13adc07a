import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { openSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inject } from 'vitest'
import { Docker } from '../../../demo/docker.ts'
import { call } from '../../../demo/http.ts'
import type { StatusReport } from '../../../src/api/contract.ts'
import { startTicksOf } from '../../../src/support/process-identity.ts'
import { program } from './build.ts'
import { freePort } from '../../support/ports.ts'
import { makeWebImage, tagWebImage, webImageName } from './web-image.ts'

const runLabel = 'test.fairlead.run'

export type ContainerOptions = {
  readonly service: string
  readonly mode?: 'linger' | 'instant' | 'ignore'
  readonly delayMs?: number
  readonly labels?: Readonly<Record<string, string>>
  readonly env?: readonly string[]
  readonly stopTimeout?: number
  readonly hasHealthcheck?: boolean
  readonly exposedPorts?: readonly string[]
  readonly name?: string
  /** Docker's NetworkMode; the default bridge without. */
  readonly network?: string
  /** Publish port 80 at a port that is free: on all addresses, or on this one. */
  readonly publish?: boolean | string
}

export type Container = { readonly id: string; readonly name: string; readonly hostname: string }

export type CliResult = { readonly code: number; readonly stdout: string; readonly stderr: string }

/**
 * One end-to-end test's own world: a state folder, a free port, containers with a label of their
 * own, fairlead as a process of the built program. `close` takes everything away, also after a
 * failure in the middle.
 */
export class Stage {
  readonly folder: string
  readonly port: number
  readonly docker: Docker
  /** Variables for fairlead, beside this process's own. */
  environment: Readonly<Record<string, string>> = {}
  /** What `up` is told of routing; with a template that is nothing. */
  routingFlags: readonly string[]
  readonly #run: string
  readonly #daemons: ChildProcess[] = []
  readonly #networks: string[] = []
  #image = ''
  #count = 0

  private constructor(folder: string, port: number, run: string) {
    this.folder = folder
    this.port = port
    this.#run = run
    this.routingFlags = ['--http', `127.0.0.1:${port}`, '--route', 'labelled']
    this.docker = new Docker({ socketPath: '/var/run/docker.sock' })
  }

  /** `hasImage` false: it starts no containers. */
  static async open({ hasImage = true } = {}): Promise<Stage> {
    const run = `fl-e2e-${randomBytes(3).toString('hex')}`
    const stage = new Stage(await mkdtemp(join(tmpdir(), 'fl-e2e-')), await freePort(), run)
    stage.#image = `${webImageName}:${run}`
    if (hasImage) await tagWebImage(stage.docker, inject('webImageTag'), run)
    return stage
  }

  /** Makes the containers' image on another Docker daemon. */
  async giveImage(docker: Docker): Promise<void> {
    await makeWebImage(docker, this.#run)
  }

  get stateFolder(): string {
    return join(this.folder, 'state')
  }

  /** A name of this run, for services: other containers of this machine cannot have it. */
  name(what: string): string {
    return `${this.#run}-${what}`
  }

  /** A Docker network of this run, by its full name. Removed in the end. */
  async createNetwork(what: string, options: object = {}): Promise<string> {
    const name = this.name(what)
    await this.post('/networks/create', { Name: name, ...options })
    this.#networks.push(name)
    return name
  }

  /** On this machine's Docker daemon, or on another one that has the image. */
  async createContainer(options: ContainerOptions, docker = this.docker): Promise<Container> {
    this.#count += 1
    const name = options.name ?? `${this.#run}-${this.#count}`
    const body = {
      Image: this.#image,
      Env: [
        `SERVICE=${options.service}`,
        `SERVICE_NAME=${options.service}`,
        `MODE=${options.mode ?? 'linger'}`,
        `DELAY_MS=${options.delayMs ?? 0}`,
        ...(options.env ?? []),
      ],
      StopTimeout: options.stopTimeout ?? 3,
      Labels: { [runLabel]: this.#run, 'fairlead.enable': 'true', ...options.labels },
      ExposedPorts: Object.fromEntries((options.exposedPorts ?? []).map((port) => [port, {}])),
      HostConfig: {
        LogConfig: { Type: 'none' },
        NetworkMode: options.network ?? 'default',
        PortBindings: bindingsOf(options.publish ?? false),
      },
      ...(options.hasHealthcheck === true ? { Healthcheck: healthcheck } : {}),
    }
    const answer = await docker.call('POST', `/containers/create?name=${name}`, [201], { body })
    const { Id } = JSON.parse(answer.body) as { Id: string }
    return { id: Id, name, hostname: Id.slice(0, 12) }
  }

  async startContainer(options: ContainerOptions, docker = this.docker): Promise<Container> {
    const container = await this.createContainer(options, docker)
    await this.post(`/containers/${container.id}/start`, undefined, docker)
    return container
  }

  /** POST to Docker: `/containers/ID/stop`, `/containers/ID/kill?signal=KILL` and the like. */
  async post(path: string, body?: object, docker = this.docker): Promise<void> {
    const options = { timeoutMs: 60_000, ...(body === undefined ? {} : { body }) }
    await docker.call('POST', path, [200, 201, 204, 304], options)
  }

  async addressOf(container: Container, network = 'bridge'): Promise<string> {
    const { NetworkSettings } = await this.docker.get<{
      NetworkSettings: { Networks: Record<string, { IPAddress: string }> }
    }>(`/containers/${container.id}/json`)
    return NetworkSettings.Networks[network]?.IPAddress ?? ''
  }

  async remove(container: Container): Promise<void> {
    await this.docker.call('DELETE', `/containers/${container.id}?force=1&v=1`, [204, 404, 409])
  }

  /** Starts `fairlead up` and waits until it is ready. Only labelled containers are routed. */
  async up(...args: readonly string[]): Promise<ChildProcess> {
    const daemon = this.spawnUp(...args)
    await this.until(async () => {
      if (daemon.exitCode !== null) throw new Error(`fairlead ended:\n${await this.log()}`)
      return (await this.api('GET', '/readyz')).status === 200
    }, 'fairlead is ready')
    return daemon
  }

  /** `fairlead up` as a process, not waited for. */
  spawnUp(...args: readonly string[]): ChildProcess {
    const log = openSync(join(this.folder, 'fairlead.log'), 'a')
    const daemon = spawn(process.execPath, [program, ...this.upArguments(...args)], {
      stdio: ['ignore', log, log],
      cwd: this.folder,
      env: { ...process.env, ...this.environment },
    })
    this.#daemons.push(daemon)
    return daemon
  }

  upArguments(...args: readonly string[]): readonly string[] {
    const own = ['--state-folder', this.stateFolder, ...this.routingFlags]
    return ['up', ...own, '--admin', 'none', '--log-format', 'json', ...args]
  }

  /** Any fairlead command to its end. */
  cli(...args: readonly string[]): Promise<CliResult> {
    return new Promise((resolve) => {
      execFile(
        process.execPath,
        [program, ...args],
        { cwd: this.folder, timeout: 60_000 },
        (error, stdout, stderr) => {
          const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1
          resolve({ code, stdout, stderr })
        },
      )
    })
  }

  /** A command to this stage's daemon. */
  ask(...args: readonly string[]): Promise<CliResult> {
    return this.cli(...args, '--socket', join(this.stateFolder, 'admin.sock'))
  }

  /** The admin API; status 0 when nobody answers. */
  async api(
    method: string,
    path: string,
    body?: object,
  ): Promise<{ status: number; body: string }> {
    const target = { socketPath: join(this.stateFolder, 'admin.sock') }
    try {
      return await call(target, method, path, body === undefined ? {} : { body })
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : ''
      if (['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE'].includes(String(code)))
        return { status: 0, body: '' }
      throw error
    }
  }

  async status(): Promise<StatusReport> {
    return JSON.parse((await this.api('GET', '/api/status')).body) as StatusReport
  }

  /** Waits until HAProxy sends the service's requests to exactly so many servers. */
  async untilServing(service: string, count: number, timeoutMs = 30_000): Promise<void> {
    await this.until(
      async () => {
        const { status, body } = await this.api('GET', '/api/status')
        // HAProxy serves before the API of the fairlead that has started it answers.
        if (status !== 200) return false
        // `services` are what is wanted, a moment before it is so.
        const { isApplied, services } = JSON.parse(body) as StatusReport
        const endpoints = services.find((each) => each.name === service)?.endpoints ?? []
        const serving = endpoints.filter(
          (each) => each.admin === 'ready' && each.haproxyStatus.startsWith('UP'),
        )
        return isApplied && serving.length === count && endpoints.length === count
      },
      `${service} has ${count} servers`,
      timeoutMs,
    )
  }

  /** Polls until it is true; fails by name, with the daemon's log, when the time is over. */
  async until(
    isTrue: () => Promise<boolean> | boolean,
    what: string,
    timeoutMs = 30_000,
  ): Promise<void> {
    const endAt = performance.now() + timeoutMs
    while (!(await isTrue())) {
      if (performance.now() > endAt) {
        throw new Error(`waited ${timeoutMs} ms in vain until ${what}\n${await this.log()}`)
      }
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  async log(): Promise<string> {
    return readFile(join(this.folder, 'fairlead.log'), 'utf8').catch(() => '')
  }

  /** Pid of HAProxy's master; 0 when it does not run. */
  async haproxyPid(): Promise<number> {
    const text = await readFile(join(this.stateFolder, 'running.json'), 'utf8').catch(() => '{}')
    const record = JSON.parse(text) as { masterPid?: number; masterStartTicks?: number }
    const pid = record.masterPid ?? 0
    return pid > 0 && startTicksOf(pid) === record.masterStartTicks ? pid : 0
  }

  async close(): Promise<void> {
    for (const daemon of this.#daemons) await end(daemon, 'SIGTERM')
    // Its master ends all its workers. Where no record names it, the program looks for it.
    const pid = await this.haproxyPid()
    if (pid > 0) process.kill(pid, 'SIGTERM')
    else await this.ask('down', '--state-folder', this.stateFolder).catch(() => undefined)
    const filters = encodeURIComponent(JSON.stringify({ label: [`${runLabel}=${this.#run}`] }))
    const left = await this.docker.get<readonly { Id: string }[]>(
      `/containers/json?all=1&filters=${filters}`,
    )
    await Promise.all(left.map(({ Id }) => this.remove({ id: Id, name: '', hostname: '' })))
    for (const network of this.#networks) {
      await this.docker.call('DELETE', `/networks/${network}`, [204, 404])
    }
    await this.docker.call('DELETE', `/images/${this.#image}?force=1`, [200, 404])
    await this.until(async () => (await this.haproxyPid()) === 0, 'HAProxy has ended')
    await rm(this.folder, { recursive: true, force: true })
  }
}

/** Sends the signal and waits for the end. */
export async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill(signal)
  await ended
}

function bindingsOf(publish: boolean | string): object {
  if (publish === false) return {}
  return { '80/tcp': [{ HostIp: publish === true ? '' : publish, HostPort: '' }] }
}

const healthcheck = {
  Test: ['CMD', '/bin/node', '/srv/server.mjs', 'health'],
  Interval: 300_000_000,
  Timeout: 30_000_000_000,
  Retries: 1,
}
