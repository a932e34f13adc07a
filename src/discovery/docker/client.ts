import type { ContainerSummary, Network, SystemInfo } from '@docker/node-sdk'
import type { IncomingMessage } from 'node:http'
import type { DockerHost } from '../../settings/settings.ts'
import { DockerError, toDockerError } from './docker-error.ts'
import { isRecord, nanosOf, parseEvent } from './docker-types.ts'
import type { DaemonInfo, DockerEvent, Inspect, NetworkDetails } from './docker-types.ts'
import { linesOf, textOf } from './response.ts'
import { createTransport } from './transport.ts'
import type { Method, Transport } from './transport.ts'

/** Every request but the event stream is given up after this time. */
const answerTimeoutMs = 10_000

/** Attaching to an overlay takes up to seconds where a swarm's manager is busy. */
const changeTimeoutMs = 30_000

/** Actions that discovery understands; the daemon leaves all others out of the answer. */
const actions =
  'start die kill pause unpause rename destroy remove health_status connect disconnect'
const filters = encodeURIComponent(
  JSON.stringify({ type: ['container', 'network'], event: actions.split(' ') }),
)

/**
 * What fairlead asks of a Docker daemon (Engine API, un-versioned paths). GET only, but for two
 * requests: a container is attached to a network and detached. Everything throws DockerError.
 */
export class DockerClient {
  readonly url: string
  /** Host name or address of a remote daemon; undefined when it runs on this machine. */
  readonly remoteHost: string | undefined
  readonly #transport: Transport
  #apiVersion = ''

  constructor(host: DockerHost) {
    this.url = host.url
    this.#transport = createTransport(host)
    this.remoteHost = this.#transport.remoteHost
  }

  /** Newest API version that the daemon speaks, `1.41`, as its last answer said; empty before. */
  get apiVersion(): string {
    return this.#apiVersion
  }

  async info(signal?: AbortSignal): Promise<DaemonInfo> {
    const info = await this.#get<SystemInfo>('/info', signal)
    const isRootless = (info.SecurityOptions ?? []).some((each) => each.includes('rootless'))
    return {
      name: info.Name ?? '',
      systemTimeMs: nanosOf(info.SystemTime) / 1e6 || Date.now(),
      hasReachableBridges:
        process.platform === 'linux' && !isRootless && info.OperatingSystem !== 'Docker Desktop',
    }
  }

  /** Ids of all containers that are running, paused or restarting; with `label` (`NAME=VALUE`), of those. */
  async listContainers(signal?: AbortSignal, label?: string): Promise<string[]> {
    const of = encodeURIComponent(JSON.stringify({ label: label === undefined ? [] : [label] }))
    const list = await this.#get<ContainerSummary[]>(`/containers/json?filters=${of}`, signal)
    return list.flatMap((each) => (each.Id === undefined ? [] : [each.Id]))
  }

  /** Network modes (`bridge`, `container:ID`) of all containers that are listed. */
  async networkModes(signal?: AbortSignal): Promise<string[]> {
    const list = await this.#get<ContainerSummary[]>('/containers/json', signal)
    return list.map((each) => each.HostConfig?.NetworkMode ?? '')
  }

  /** By id or name; undefined when there is no such container. */
  async inspect(container: string, signal?: AbortSignal): Promise<Inspect | undefined> {
    try {
      return await this.#get<Inspect>(`/containers/${encodeURIComponent(container)}/json`, signal)
    } catch (error) {
      if (error instanceof DockerError && error.status === 404) return undefined
      throw error
    }
  }

  /** By network id. */
  async networks(signal?: AbortSignal): Promise<Map<string, NetworkDetails>> {
    const list = await this.#get<Network[]>('/networks', signal)
    return new Map(list.map((each) => [each.Id ?? '', detailsOf(each)]))
  }

  /**
   * Attaches a container to a network, by id or name. `driverOptions` stay with the endpoint: what
   * `docker inspect` shows as DriverOpts. Its name is known to nobody on the network but by Docker's
   * own rules; nothing else of the container or the network is changed.
   */
  async connectNetwork(
    network: string,
    container: string,
    driverOptions: Readonly<Record<string, string>>,
    signal?: AbortSignal,
  ): Promise<void> {
    await this.#post(
      `/networks/${encodeURIComponent(network)}/connect`,
      {
        Container: container,
        // From API 1.48 on the default route stays where it is. Older daemons do not read this, and
        // route by the network whose name is first.
        EndpointConfig: { DriverOpts: driverOptions, GwPriority: -1 },
      },
      signal,
    )
  }

  /** Detaches a container; one that is not attached any more is no error. */
  async disconnectNetwork(network: string, container: string, signal?: AbortSignal): Promise<void> {
    const path = `/networks/${encodeURIComponent(network)}/disconnect`
    try {
      await this.#post(path, { Container: container, Force: false }, signal)
    } catch (error) {
      if (error instanceof DockerError && error.status === 404) return
      if (error instanceof DockerError && /is not connected to/.test(error.message)) return
      throw error
    }
  }

  /**
   * Events from `sinceMs` (the daemon's clock) on, for ever. Resolves when the daemon has answered;
   * the iteration throws when the connection breaks and ends when the daemon ends it.
   */
  async events(sinceMs: number, signal: AbortSignal): Promise<AsyncIterable<DockerEvent>> {
    const path = `/events?since=${seconds(sinceMs)}&filters=${filters}`
    const answer = await this.#open({ method: 'GET', path }, answerTimeoutMs, signal)
    return eventsOf(answer, this.url)
  }

  /** Events that the daemon still remembers of a time in the past (its clock). Returns at once. */
  async pastEvents(
    sinceMs: number,
    untilMs: number,
    options: { signal: AbortSignal; timeoutMs: number },
  ): Promise<DockerEvent[]> {
    const path = `/events?since=${seconds(sinceMs)}&until=${seconds(untilMs)}&filters=${filters}`
    const text = await this.#text({ method: 'GET', path }, options.timeoutMs, options.signal)
    return text.split('\n').flatMap((line) => (line.trim() === '' ? [] : (parseEvent(line) ?? [])))
  }

  /** The whole answer to a GET, for those who read other parts of the API. */
  async read(
    path: string,
    options: { signal: AbortSignal | undefined; timeoutMs: number },
  ): Promise<string> {
    return this.#text({ method: 'GET', path }, options.timeoutMs, options.signal)
  }

  /** The lines of an answer that goes on for ever; resolves and ends as `events` does. */
  async lines(path: string, signal: AbortSignal): Promise<AsyncIterable<string>> {
    return linesOf(await this.#open({ method: 'GET', path }, answerTimeoutMs, signal))
  }

  close(): void {
    this.#transport.close()
  }

  async #get<T>(path: string, signal: AbortSignal | undefined): Promise<T> {
    const text = await this.#text({ method: 'GET', path }, answerTimeoutMs, signal)
    try {
      return JSON.parse(text) as T
    } catch (error) {
      throw new DockerError(
        `Docker at ${this.url}: ${path} answered with something else than JSON`,
        {
          cause: error,
        },
      )
    }
  }

  async #post(path: string, body: object, signal: AbortSignal | undefined): Promise<void> {
    await this.#text({ method: 'POST', path, body: JSON.stringify(body) }, changeTimeoutMs, signal)
  }

  async #text(ask: Ask, timeoutMs: number, signal: AbortSignal | undefined): Promise<string> {
    // Not AbortSignal.any: in Node 20 each one stays attached to a long-lived signal.
    const limit = new AbortController()
    const giveUp = (): void => limit.abort()
    const timer = setTimeout(giveUp, timeoutMs)
    signal?.addEventListener('abort', giveUp, { once: true })
    try {
      if (signal?.aborted) limit.abort()
      const response = await this.#open(ask, timeoutMs, limit.signal)
      return await textOf(response, limit.signal)
    } catch (error) {
      if (limit.signal.aborted && !signal?.aborted) throw this.#timedOut(ask, timeoutMs)
      throw toDockerError(error, this.url)
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', giveUp)
    }
  }

  #timedOut({ path }: Ask, timeoutMs: number): DockerError {
    return new DockerError(
      `Docker at ${this.url}: no answer to ${path.split('?')[0]} within ${timeoutMs} ms`,
      { hint: 'is the daemon, or the way to it, overloaded or gone?', isTimeout: true },
    )
  }

  /** The answer's head, once it is there and good. */
  async #open(ask: Ask, timeoutMs: number, signal: AbortSignal): Promise<IncomingMessage> {
    const response = await this.#send(ask, timeoutMs, signal)
    this.#apiVersion = String(response.headers['api-version'] ?? this.#apiVersion)
    const status = response.statusCode ?? 0
    if (status < 400) return response
    const text = await textOf(response, signal)
    const what = `${messageIn(text)} (HTTP ${status}, ${ask.method} ${ask.path.split('?')[0]})`
    const hint = status === 403 ? 'a proxy in front of the socket has to let this through' : ''
    throw new DockerError(`Docker at ${this.url}: ${what}`, { status, hint })
  }

  /** A kept connection may have been closed by the daemon in the meantime: then once again. */
  async #send(ask: Ask, timeoutMs: number, signal: AbortSignal): Promise<IncomingMessage> {
    try {
      return await this.#sendOnce(ask, timeoutMs, signal)
    } catch (error) {
      if (!(error instanceof StaleConnection)) throw error
      return this.#sendOnce(ask, timeoutMs, signal)
    }
  }

  #sendOnce(ask: Ask, timeoutMs: number, signal: AbortSignal): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(toDockerError(signal.reason, this.url))
      const request = this.#transport.request(ask.method, ask.path)
      const timer = setTimeout(() => request.destroy(this.#timedOut(ask, timeoutMs)), timeoutMs)
      const abort = (): void => void request.destroy(toDockerError(signal.reason, this.url))
      signal.addEventListener('abort', abort, { once: true })
      const settle = (): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', abort)
      }
      request.once('response', (response) => {
        clearTimeout(timer)
        response.once('close', settle)
        resolve(response)
      })
      request.on('error', (error) => {
        settle()
        const isStale = request.reusedSocket && !signal.aborted && 'code' in error
        reject(isStale ? new StaleConnection() : toDockerError(error, this.url))
      })
      if (ask.body === undefined) request.end()
      else {
        request.setHeader('Content-Type', 'application/json')
        request.setHeader('Content-Length', Buffer.byteLength(ask.body))
        request.end(ask.body)
      }
    })
  }
}

class StaleConnection extends Error {}

/** One request; the body is JSON. */
type Ask = { readonly method: Method; readonly path: string; readonly body?: string }

function detailsOf(network: Network): NetworkDetails {
  const { Scope: scope } = network
  return {
    name: network.Name ?? '',
    driver: network.Driver ?? '',
    scope: scope === 'swarm' || scope === 'global' ? scope : 'local',
    isAttachable: network.Attachable === true,
    isInternal: network.Internal === true,
    isIngress: network.Ingress === true,
    subnets: (network.IPAM?.Config ?? []).flatMap((each) => each.Subnet || []),
  }
}

async function* eventsOf(response: IncomingMessage, url: string): AsyncGenerator<DockerEvent> {
  try {
    for await (const line of linesOf(response)) {
      const event = parseEvent(line)
      if (event !== undefined) yield event
    }
  } catch (error) {
    throw toDockerError(error, url)
  } finally {
    response.destroy()
  }
}

function messageIn(text: string): string {
  try {
    const parsed: unknown = JSON.parse(text)
    if (isRecord(parsed) && typeof parsed['message'] === 'string') return parsed['message']
  } catch {
    // Not JSON: a proxy in between answered, and its text is the message.
  }
  const plain = text.replaceAll(/<[^<>]*>/g, ' ').replaceAll(/\s+/g, ' ')
  return plain.trim().slice(0, 200) || 'no reason given'
}

/** Docker's time format with nine decimals. */
function seconds(ms: number): string {
  const whole = Math.floor(ms / 1000)
  const nanos = Math.max(0, Math.floor((ms - whole * 1000) * 1e6))
  return `${whole}.${String(nanos).padStart(9, '0')}`
}
