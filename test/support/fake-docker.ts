import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'

/** What a container of the fake daemon is like; everything has a sensible default. */
export type FakeContainer = {
  readonly id: string
  readonly name: string
  readonly image?: string
  readonly env?: readonly string[]
  readonly labels?: Readonly<Record<string, string>>
  readonly ports?: readonly string[]
  readonly networks?: Readonly<Record<string, string>>
  readonly networkMode?: string
  /** By network name. */
  readonly driverOptions?: Readonly<Record<string, Readonly<Record<string, string>>>>
  readonly startedAt?: string
  readonly state?: Readonly<Record<string, unknown>>
  readonly stopSignal?: string
  readonly stopTimeout?: number
  /** All that `docker inspect` says, instead of what the rest amounts to. */
  readonly inspect?: object
}

export type FakeNetwork = {
  readonly name: string
  readonly driver: string
  readonly subnet?: string
  readonly isAttachable?: boolean
}

/**
 * A Docker daemon on a unix socket, as far as discovery asks: list, inspect, info, networks and
 * events, with switches for what goes wrong in life: silence, broken streams, slow answers.
 */
export class FakeDocker {
  readonly #folder = mkdtempSync(join(tmpdir(), 'fake-docker-'))
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #streams = new Set<ServerResponse>()
  readonly #past: { line: string; nano: number }[] = []
  readonly containers = new Map<string, FakeContainer>()
  readonly networks = new Map<string, FakeNetwork>([
    ['net-bridge', { name: 'bridge', driver: 'bridge' }],
  ])
  /** Paths asked for, in order, without query. */
  readonly asked: string[] = []
  readonly socketPath = join(this.#folder, 'docker.sock')
  readonly url = `unix://${this.socketPath}`
  /** Answered to whoever attaches or detaches; undefined: it is done. */
  refusal: { readonly status: number; readonly message: string } | undefined
  /** `connect net-apps c1`, in order. */
  readonly changes: string[] = []
  /** Live streams get nothing any more, though their connections stay. */
  isSilent = false
  /** Every answer but those of open streams is withheld. */
  isFrozen = false
  /** Containers of which the daemon says 500 when they are inspected. */
  brokenContainers: ReadonlySet<string> = new Set()
  /** Awaited after the state of a container was taken, before it is sent. */
  beforeInspectAnswer: ((id: string) => Promise<void>) | undefined
  beforeListAnswer: (() => Promise<void>) | undefined
  /** Awaited before past events are told. */
  beforePastAnswer: (() => Promise<void>) | undefined
  #nano = Date.now() * 1e6

  constructor() {
    this.#server = createServer((request, response) => void this.answer(request, response))
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
    })
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(this.socketPath, resolve))
  }

  async stop(): Promise<void> {
    this.dropAll()
    await new Promise((resolve) => this.#server.close(resolve))
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /** The daemon's connections break, as when it is killed. */
  dropAll(): void {
    for (const socket of this.#sockets) socket.destroy()
    this.#streams.clear()
  }

  /** How many event streams are open. */
  get streamCount(): number {
    return this.#streams.size
  }

  inspectsOf(id: string): number {
    return this.asked.filter((path) => path === `/containers/${id}/json`).length
  }

  /** Puts a container there and tells of its start. */
  run(container: FakeContainer): void {
    this.containers.set(container.id, { startedAt: this.now(), ...container })
    this.emit('start', container.id)
  }

  /** The container ends. */
  die(id: string, exitCode = '0'): void {
    const attributes = { exitCode, name: this.containers.get(id)?.name ?? '' }
    this.containers.delete(id)
    this.emit('die', id, attributes)
  }

  /** Changes a container without telling. */
  change(id: string, change: Partial<FakeContainer>): void {
    const container = this.containers.get(id)
    if (container !== undefined) this.containers.set(id, { ...container, ...change })
  }

  emit(
    action: string,
    id: string,
    attributes: Record<string, string> = {},
    type = 'container',
  ): void {
    const nano = this.#tick()
    const name = this.containers.get(id)?.name
    const all = name === undefined ? attributes : { name, ...attributes }
    const event = { Type: type, Action: action, Actor: { ID: id, Attributes: all } }
    const line = `${JSON.stringify({ ...event, time: Math.floor(nano / 1e9), timeNano: nano })}\n`
    this.#past.push({ line, nano })
    if (!this.isSilent) for (const stream of this.#streams) stream.write(line)
  }

  /** The daemon's time, always later than every event before. */
  now(): string {
    const nano = this.#tick()
    const fraction = String(nano % 1e9).padStart(9, '0')
    return `${new Date(Math.floor(nano / 1e9) * 1000).toISOString().slice(0, 19)}.${fraction}Z`
  }

  /** Milliseconds apart, so that no rounding makes two times equal. */
  #tick(): number {
    this.#nano = Math.max(this.#nano + 1e6, Date.now() * 1e6)
    return this.#nano
  }

  /** Answers a request that came in another way than through the socket. */
  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://docker')
    this.asked.push(url.pathname)
    if (this.isFrozen) return
    if (url.pathname === '/events') {
      if (url.searchParams.has('until')) await this.beforePastAnswer?.()
      return this.#events(url, response)
    }
    if (request.method === 'POST') return this.#change(url.pathname, request, response)
    if (this.brokenContainers.has(/^\/containers\/([^/]+)\/json$/.exec(url.pathname)?.[1] ?? '')) {
      response.writeHead(500, { 'Content-Type': 'application/json' })
      return void response.end(JSON.stringify({ message: 'broken' }))
    }
    const body = await this.#body(url.pathname)
    response.writeHead(body === undefined ? 404 : 200, { 'Content-Type': 'application/json' })
    response.end(JSON.stringify(body ?? { message: 'No such container' }))
  }

  async #body(path: string): Promise<unknown> {
    if (path === '/info') {
      return { Name: 'fake', SystemTime: this.now(), OperatingSystem: 'Linux', SecurityOptions: [] }
    }
    if (path === '/networks') {
      return [...this.networks].map(([Id, { name, driver, subnet, isAttachable = false }]) => ({
        Id,
        Name: name,
        Driver: driver,
        Scope: driver === 'overlay' ? 'swarm' : 'local',
        Attachable: isAttachable,
        IPAM: { Config: subnet === undefined ? [] : [{ Subnet: subnet }] },
      }))
    }
    if (path === '/containers/json') {
      const list = [...this.containers.values()].filter(isRunning).map(({ id, networkMode }) => ({
        Id: id,
        HostConfig: { NetworkMode: networkMode ?? 'default' },
      }))
      await this.beforeListAnswer?.()
      return list
    }
    const id = /^\/containers\/([^/]+)\/json$/.exec(path)?.[1] ?? ''
    const container = this.containers.get(id)
    const answer = container === undefined ? undefined : inspectOf(container)
    await this.beforeInspectAnswer?.(id)
    return answer
  }

  /** `POST /networks/{id}/connect` and `/disconnect`. */
  async #change(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, network = '', action = ''] =
      /^\/networks\/([^/]+)\/(connect|disconnect)$/.exec(path) ?? []
    const asked = (await json(request)) as {
      readonly Container: string
      readonly EndpointConfig?: { readonly DriverOpts?: Readonly<Record<string, string>> }
    }
    const { Container: id } = asked
    this.changes.push(`${action} ${network} ${id}`)
    const container = this.containers.get(id)
    const known = this.networks.has(network) ? undefined : noNetwork
    const { refusal = container === undefined ? noContainer : known } = this
    response.writeHead(refusal?.status ?? 200, { 'Content-Type': 'application/json' })
    if (refusal !== undefined || container === undefined)
      return void response.end(JSON.stringify(refusal))
    const name = this.networks.get(network)?.name ?? network
    const { [name]: _left, ...others } = container.networks ?? { bridge: '172.17.0.5' }
    const networks = action === 'connect' ? { ...others, [name]: '172.20.0.9' } : others
    const options = { ...container.driverOptions, [name]: asked.EndpointConfig?.DriverOpts ?? {} }
    this.containers.set(id, { ...container, networks, driverOptions: options })
    response.end('{}')
    this.emit(action, network, { container: id, name, type: 'bridge' }, 'network')
  }

  #events(url: URL, response: ServerResponse): void {
    const since = Number(url.searchParams.get('since') ?? 0) * 1e9
    const until = url.searchParams.get('until')
    const end = until === null ? Number.POSITIVE_INFINITY : Number(until) * 1e9
    response.writeHead(200, { 'Content-Type': 'application/json' })
    response.flushHeaders()
    for (const { line, nano } of this.#past) if (nano >= since && nano <= end) response.write(line)
    if (until !== null) return void response.end()
    this.#streams.add(response)
    response.on('close', () => this.#streams.delete(response))
  }
}

const noNetwork = { status: 404, message: 'network not found' }
const noContainer = { status: 404, message: 'No such container' }

/** Containers that have ended can be inspected, but are not listed. */
function isRunning(container: FakeContainer): boolean {
  const { State } = inspectOf(container) as { State?: { Running?: boolean } }
  return State?.Running !== false
}

/** What `docker inspect` says of a fake container. */
export function inspectOf(container: FakeContainer): object {
  if (container.inspect !== undefined) return container.inspect
  const networks = container.networks ?? { bridge: '172.17.0.5' }
  const ports = container.ports ?? ['80/tcp']
  return {
    Id: container.id,
    Name: `/${container.name}`,
    State: {
      Status: 'running',
      Running: true,
      Paused: false,
      Restarting: false,
      StartedAt: container.startedAt ?? '2026-01-02T03:04:05.000000006Z',
      ...container.state,
    },
    Config: {
      Image: container.image ?? 'acme/web:1.4',
      Env: container.env ?? [],
      Labels: container.labels ?? {},
      ExposedPorts: Object.fromEntries(ports.map((port) => [port, {}])),
      StopSignal: container.stopSignal ?? '',
      StopTimeout: container.stopTimeout ?? null,
    },
    HostConfig: { NetworkMode: container.networkMode ?? 'default' },
    NetworkSettings: {
      Ports: Object.fromEntries(ports.map((port) => [port, null])),
      Networks: Object.fromEntries(
        Object.entries(networks).map(([name, address]) => [
          name,
          {
            NetworkID: `net-${name}`,
            IPAddress: address,
            GlobalIPv6Address: '',
            DriverOpts: container.driverOptions?.[name] ?? null,
          },
        ]),
      ),
    },
  }
}
