import { DockerClient } from '../docker/client.ts'
import { DockerError } from '../docker/docker-error.ts'
import { isRecord } from '../docker/docker-types.ts'
import type { SwarmImage, SwarmNode, SwarmService, SwarmTask } from './swarm-types.ts'
import { parseSwarmEvent } from './swarm-event.ts'
import type { SwarmEvent } from './swarm-event.ts'

/**
 * A manager without a leader answers after 20 s or not at all; what it can answer it answers in
 * milliseconds.
 */
const answerTimeoutMs = 3_000

const eventFilters = {
  type: ['service', 'node', 'container'],
  event: ['create', 'update', 'remove', 'start', 'kill', 'die'],
}

/**
 * What fairlead asks of a swarm's manager, all by GET: /tasks, /services, /nodes, /images/{name}/json
 * and /events. Everything throws DockerError.
 */
export class SwarmClient {
  readonly #docker: DockerClient

  constructor(docker: DockerClient) {
    this.#docker = docker
  }

  /** As text, so that an answer that is the same as the last need not be read. */
  async wantedTasks(signal: AbortSignal): Promise<string> {
    return this.#text(`/tasks?${filters({ 'desired-state': ['running'] })}`, signal)
  }

  /** Those of the ids that the manager still knows. */
  async tasks(ids: readonly string[], signal: AbortSignal): Promise<readonly SwarmTask[]> {
    const found: SwarmTask[] = []
    // A request line has its limits: 100 ids are some 4 KB.
    for (let start = 0; start < ids.length; start += 100) {
      const path = `/tasks?${filters({ id: ids.slice(start, start + 100) })}`
      found.push(...parseList(await this.#text(path, signal), path))
    }
    return found
  }

  async services(signal: AbortSignal): Promise<readonly SwarmService[]> {
    return parseList(await this.#text('/services', signal), '/services')
  }

  async nodes(signal: AbortSignal): Promise<readonly SwarmNode[]> {
    return parseList(await this.#text('/nodes', signal), '/nodes')
  }

  /** By reference; undefined when this daemon does not have it. */
  async image(reference: string, signal: AbortSignal): Promise<SwarmImage | undefined> {
    // The reference stands in the path with its slashes, as docker writes it.
    if (!/^[\w][\w./:@-]*$/.test(reference) || reference.includes('..')) return undefined
    try {
      const found: unknown = JSON.parse(await this.#text(`/images/${reference}/json`, signal))
      return isRecord(found) ? found : undefined
    } catch (error) {
      // A filtering proxy that does not let this through: ports are told by the services then.
      if (error instanceof DockerError && (error.status === 404 || error.status === 403))
        return undefined
      throw error
    }
  }

  /**
   * Events of services and nodes, and of the containers of tasks on this node, from now on. Resolves
   * when the daemon has answered.
   */
  async events(signal: AbortSignal): Promise<AsyncIterable<SwarmEvent>> {
    return eventsOf(await this.#docker.lines(`/events?${filters(eventFilters)}`, signal))
  }

  close(): void {
    this.#docker.close()
  }

  async #text(path: string, signal: AbortSignal): Promise<string> {
    return this.#docker.read(path, { signal, timeoutMs: answerTimeoutMs })
  }
}

/** Throws DockerError for anything but a list. */
export function parseList(text: string, path: string): readonly Record<string, unknown>[] {
  try {
    const list: unknown = JSON.parse(text)
    if (list === null) return []
    if (Array.isArray(list)) return list.filter(isRecord)
  } catch (error) {
    throw new DockerError(`${path} was answered with something else than JSON`, { cause: error })
  }
  throw new DockerError(`${path} was answered with something else than a list`)
}

async function* eventsOf(lines: AsyncIterable<string>): AsyncGenerator<SwarmEvent> {
  for await (const line of lines) {
    const event = parseSwarmEvent(line)
    if (event !== undefined) yield event
  }
}

function filters(value: Readonly<Record<string, readonly string[]>>): string {
  return `filters=${encodeURIComponent(JSON.stringify(value))}`
}
