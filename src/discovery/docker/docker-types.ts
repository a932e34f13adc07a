import type { ContainerInspectResponse, EndpointSettings, PortBinding } from '@docker/node-sdk'

/** `GET /containers/{id}/json`. Every field may be missing: Podman and old daemons leave some out. */
export type Inspect = ContainerInspectResponse
export type NetworkEndpoint = EndpointSettings
export type Binding = PortBinding

/** What is wanted of a Docker network. */
export type NetworkFacts = { readonly name: string; readonly driver: string }

/** What `GET /networks` says of a network, as far as attaching something to it is concerned. */
export type NetworkDetails = NetworkFacts & {
  readonly scope: 'local' | 'swarm' | 'global'
  /** An overlay to which containers outside of services may be attached. */
  readonly isAttachable: boolean
  /** Without a way out; nothing is reached through it but its own addresses. */
  readonly isInternal: boolean
  /** The swarm's own network for published ports. */
  readonly isIngress: boolean
  /** In CIDR form. */
  readonly subnets: readonly string[]
}

/** What is wanted of `GET /info`. */
export type DaemonInfo = {
  readonly name: string
  /** The daemon's clock, Unix ms. */
  readonly systemTimeMs: number
  /**
   * Whether the machine the daemon runs on can reach the addresses of its bridge networks. Not so
   * with Docker Desktop (a virtual machine lies between) and rootless Docker (a network namespace).
   */
  readonly hasReachableBridges: boolean
}

/** One event of a container or a network (`GET /events`). */
export type DockerEvent = {
  readonly type: 'container' | 'network'
  /** `start`, `die`, `health_status`, …; what follows a colon is in `detail`. */
  readonly action: string
  readonly detail: string
  /** Of the container or the network. */
  readonly id: string
  readonly attributes: Readonly<Record<string, string>>
  /** Unix nanoseconds by the daemon's clock; precise to some 256 ns, as a double is. */
  readonly timeNano: number
  /** Tells events apart: two deliveries of one event have equal keys. */
  readonly key: string
}

/** Parses one line of the event stream; undefined for events that are of no interest. */
export function parseEvent(line: string): DockerEvent | undefined {
  const raw: unknown = JSON.parse(line)
  if (!isRecord(raw) || !isRecord(raw['Actor'])) return undefined
  const type = raw['Type']
  const id = raw['Actor']['ID']
  const action = raw['Action'] ?? raw['status']
  const timeNano = raw['timeNano']
  if (type !== 'container' && type !== 'network') return undefined
  if (typeof id !== 'string' || typeof action !== 'string' || typeof timeNano !== 'number') {
    return undefined
  }
  const colon = action.indexOf(':')
  return {
    type,
    action: colon === -1 ? action : action.slice(0, colon),
    detail: colon === -1 ? '' : action.slice(colon + 1).trim(),
    id,
    attributes: attributesOf(raw['Actor']['Attributes']),
    timeNano,
    key: `${timeNano}/${id}/${action}`,
  }
}

/**
 * Unix nanoseconds of Docker's RFC 3339 times with up to nine decimals, to compare with
 * `timeNano`; 0 when there is no time.
 */
export function nanosOf(time: string | undefined): number {
  const match = /^(.*T[\d:]+)(?:\.(\d+))?(Z|[+-][\d:]+)$/.exec(time ?? '')
  const ms = match === null ? Number.NaN : Date.parse(`${match[1]}${match[3]}`)
  if (Number.isNaN(ms) || ms < 0) return 0
  return ms * 1e6 + Number((match?.[2] ?? '').slice(0, 9).padEnd(9, '0'))
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function attributesOf(value: unknown): Record<string, string> {
  if (!isRecord(value)) return {}
  return Object.fromEntries(
    Object.entries(value).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    ),
  )
}
