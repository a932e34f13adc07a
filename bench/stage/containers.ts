import { createConnection } from 'node:net'
import type { Docker } from '../../demo/docker.ts'
import type { DockerEvents } from './docker-events.ts'

/** How a web server takes SIGTERM: see web-server.mjs. */
export type Mode = 'linger' | 'instant' | 'ignore'

export type ContainerSpec = {
  readonly image: string
  /** Name of the service: `SERVICE_NAME`, and the first word of each answer of web-server.mjs. */
  readonly service: string
  readonly mode?: Mode
}

export type Container = {
  readonly id: string
  readonly name: string
  readonly service: string
  readonly mode: Mode
}

/** A container that runs, with its address on the bridge. */
export type RunningContainer = Container & { readonly address: string }

const stopTimeoutSeconds = 2

/** The containers of one run. Each carries labels for fairlead, Traefik and Registrator alike. */
export class Containers {
  readonly #docker: Docker
  readonly #events: DockerEvents
  readonly #run: string
  #count = 0

  constructor(docker: Docker, events: DockerEvents, run: string) {
    this.#docker = docker
    this.#events = events
    this.#run = run
  }

  async create({ image, service, mode = 'ignore' }: ContainerSpec): Promise<Container> {
    this.#count += 1
    const name = `${this.#run}-${service}-${this.#count}`
    const body = {
      Image: image,
      Env: [`SERVICE=${service}`, `SERVICE_NAME=${service}`, `MODE=${mode}`],
      StopTimeout: stopTimeoutSeconds,
      Labels: {
        'bench.fairlead.run': this.#run,
        'bench.fairlead.pid': String(process.pid),
        'bench.fairlead.service': service,
        'fairlead.enable': 'true',
        'traefik.enable': 'true',
        [`traefik.http.routers.${service}.rule`]: `Host(\`${service}.localhost\`)`,
      },
      HostConfig: { LogConfig: { Type: 'none' } },
    }
    const options = { body, timeoutMs: 60_000 }
    const answer = await this.#docker.call(
      'POST',
      `/containers/create?name=${name}`,
      [201],
      options,
    )
    const { Id } = JSON.parse(answer.body) as { Id: string }
    return { id: Id, name, service, mode }
  }

  /** Starts it; resolves with its address when Docker has answered. */
  async start(container: Container): Promise<RunningContainer> {
    await this.#post(`/containers/${container.id}/start`, [204])
    const { NetworkSettings } = await this.#docker.get<{
      NetworkSettings: { Networks: Record<string, { IPAddress: string }> }
    }>(`/containers/${container.id}/json`)
    const address = Object.values(NetworkSettings.Networks)[0]?.IPAddress ?? ''
    return { ...container, address }
  }

  /** SIGTERM, then SIGKILL after the stop timeout; resolves when it has ended. */
  async stop(container: Container): Promise<void> {
    await this.#post(`/containers/${container.id}/stop?t=${stopTimeoutSeconds}`, [204, 304])
  }

  /** SIGKILL at once, without a warning to anybody; resolves when it has ended. */
  async kill(container: Container): Promise<void> {
    const died = this.#events.next(container.id, 'die')
    await this.#post(`/containers/${container.id}/kill?signal=KILL`, [204])
    await died
  }

  async remove(container: { readonly id: string }): Promise<void> {
    await this.#docker.call('DELETE', `/containers/${container.id}?force=1`, [204, 404, 409], {
      timeoutMs: 60_000,
    })
  }

  async removeAll(): Promise<void> {
    const filters = JSON.stringify({ label: [`bench.fairlead.run=${this.#run}`] })
    const found = await this.#docker.get<readonly { Id: string }[]>(
      `/containers/json?all=1&filters=${encodeURIComponent(filters)}`,
    )
    await inTurns(found, 3, ({ Id }) => this.remove({ id: Id }))
  }

  #post(path: string, wanted: readonly number[]): Promise<unknown> {
    return this.#docker.call('POST', path, wanted, { timeoutMs: 60_000 })
  }
}

/** Resolves when the address accepts connections; asks about every half millisecond. */
export async function accepts(address: string, port: number, timeoutMs = 20_000): Promise<void> {
  const deadline = performance.now() + timeoutMs
  while (!(await canConnect(address, port))) {
    if (performance.now() > deadline) throw new Error(`${address}:${port} accepts no connection.`)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

function canConnect(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host, port })
    const finish = (isOpen: boolean) => () => {
      socket.destroy()
      resolve(isOpen)
    }
    socket.setTimeout(100, finish(false))
    socket.once('connect', finish(true))
    socket.once('error', finish(false))
  })
}

/** Runs the work for each item, at most `width` at a time; results in the items' order. */
export async function inTurns<T, R>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const results: R[] = []
  const queue = items.entries()
  const lane = async (): Promise<void> => {
    for (const [index, item] of queue) results[index] = await work(item)
  }
  await Promise.all(Array.from({ length: width }, lane))
  return results
}
