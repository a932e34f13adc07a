/** Consul's health words; `maintenance` also stands for a paused container. */
export type Health = 'passing' | 'warning' | 'critical' | 'maintenance'

/** A stop signal was seen: no new requests from now, but the process may still be serving. */
export type Draining = {
  readonly reason: string
  readonly sinceMs: number
  /** Still running at this time (Unix ms): the mark is taken back. */
  readonly untilMs: number
}

/** One address:port of a service. Consul calls it a service instance. */
export type Endpoint = {
  /** Unique in the registry; for containers Registrator's `<node>:<container>:<port>[:udp]`. */
  readonly id: string
  readonly service: string
  /** The host it runs on: the Docker daemon's own name, Consul's node. */
  readonly node: string
  /** Consul's datacenter; undefined where the registry is not Consul. */
  readonly datacenter?: string
  /** An IPv4 or IPv6 address without brackets; never a name, never empty. */
  readonly address: string
  /** 1 to 65535. */
  readonly port: number
  /** The port inside the container; equals `port` where nothing is translated. */
  readonly exposedPort: number
  readonly protocol: 'tcp' | 'udp'
  readonly tags: readonly string[]
  /** Consul's service meta: every SERVICE_* attribute that is not consumed, lower-case keys. */
  readonly meta: Readonly<Record<string, string>>
  /** Routing keys (`host`, `port`, `weight`, …) without their `fairlead.` prefix, as given. */
  readonly labels: Readonly<Record<string, string>>
  readonly health: Health
  /** Why it is not passing; empty when it is. */
  readonly healthReason: string
  /** Its health comes from a Docker HEALTHCHECK or a registered check: no probe of our own needed. */
  readonly isHealthReported: boolean
  readonly draining: Draining | undefined
  /**
   * What this address:port belongs to (container id and start time). An address that Docker hands
   * to another container never keeps the old identity, so nothing learnt about one container is
   * ever believed of the next.
   */
  readonly identity: string
  /** Unix ms: when the container was started, or the service first registered. */
  readonly startedAtMs: number
}
