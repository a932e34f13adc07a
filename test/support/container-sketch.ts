import type { Endpoint } from '../../src/model/endpoint.ts'
import { containerToCandidate } from '../../src/discovery/docker/container-to-candidate.ts'
import type { Inspect } from '../../src/discovery/docker/docker-types.ts'
import type { MappingContext } from '../../src/discovery/docker/mapping-context.ts'

/** Id of every sketched container that has no digit of its own. */
export const id = 'c'.repeat(64)

/** HAProxy is a process of the machine that the daemon runs on. */
export const direct: MappingContext = {
  node: 'host1',
  networks: new Map(
    ['bridge', 'overlay', 'macvlan', 'ipvlan'].map((driver) => [
      `net-${driver}`,
      { name: driver, driver },
    ]),
  ),
  network: undefined,
  usePublished: false,
  publishedAddress: undefined,
  isLocalDaemon: true,
  hasReachableBridges: true,
  daemonAddress: undefined,
  haproxyNetworks: undefined,
  ownContainerIds: new Set(),
  networkOwner: undefined,
}
export const published: MappingContext = {
  ...direct,
  usePublished: true,
  publishedAddress: '10.0.0.9',
}
export const remote: MappingContext = {
  ...direct,
  isLocalDaemon: false,
  daemonAddress: '192.0.2.7',
}

/** A container, as far as a test cares. */
export type Sketch = {
  /** The hexadecimal digit that its id is made of. */
  digit?: string
  name?: string
  image?: string
  env?: string[]
  labels?: Record<string, string>
  exposed?: string[]
  /** `80/tcp` → host port, several, or bindings `ADDR:PORT`; none: not published. */
  ports?: Record<string, number | (number | string)[]>
  mode?: string
  /** Name → address; the network id is `net-<driver>`. */
  networks?: Record<string, { driver?: string; ip?: string; ip6?: string }>
  state?: Record<string, unknown>
}

export function idOf({ digit }: Sketch): string {
  return digit === undefined ? id : digit.repeat(64)
}

/** What `docker inspect` says of it. */
export function inspect(sketch: Sketch): Inspect {
  const networks = sketch.networks ?? { bridge: { ip: '172.17.0.5' } }
  return {
    Id: idOf(sketch),
    Name: `/${sketch.name ?? 'a'}`,
    State: {
      Status: 'running',
      Running: true,
      StartedAt: '2026-01-02T03:04:05.6Z',
      ...sketch.state,
    },
    Config: {
      Image: sketch.image ?? 'acme/web:1.4',
      Env: sketch.env ?? [],
      Labels: sketch.labels ?? {},
      ExposedPorts: Object.fromEntries((sketch.exposed ?? []).map((each) => [each, {}])),
    },
    HostConfig: { NetworkMode: sketch.mode ?? 'default' },
    NetworkSettings: {
      IPAddress: networks['bridge']?.ip ?? '',
      Ports: Object.fromEntries(
        Object.entries(sketch.ports ?? {}).map(([key, hosts]) => [
          key,
          typeof hosts === 'number'
            ? [binding(hosts)]
            : hosts.length > 0
              ? hosts.map(binding)
              : null,
        ]),
      ),
      Networks: Object.fromEntries(
        Object.entries(networks).map(([name, { driver, ip, ip6 }]) => [
          name,
          {
            NetworkID: `net-${driver ?? 'bridge'}`,
            IPAddress: ip ?? '',
            GlobalIPv6Address: ip6 ?? '',
          },
        ]),
      ),
    },
  }
}

function binding(host: number | string): { HostIp: string; HostPort: string } {
  if (typeof host === 'number') return { HostIp: '0.0.0.0', HostPort: String(host) }
  const colon = host.lastIndexOf(':')
  return { HostIp: host.slice(0, colon), HostPort: host.slice(colon + 1) }
}

/** `id | service | address:port`, one an endpoint. */
export function rows(sketch: Sketch, context: MappingContext = direct): string[] {
  return endpoints(sketch, context).map(
    (each) => `${each.id} | ${each.service} | ${each.address}:${each.port}`,
  )
}

export function endpoints(sketch: Sketch, context: MappingContext = direct): readonly Endpoint[] {
  return containerToCandidate(inspect(sketch), context).endpoints
}

export function problems(sketch: Sketch, context: MappingContext = direct): string[] {
  return containerToCandidate(inspect(sketch), context).problems.map((each) => each.what)
}
