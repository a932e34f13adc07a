import type { Stage } from '../stage/stage.ts'

/** A load balancer under test: what a client sees, and what it costs. */
export type Front = {
  readonly name: string
  /** Port on 127.0.0.1; a request with `Host: SERVICE.localhost` goes to that service. */
  readonly port: number
  /** Base URL of the Consul in which containers are registered, where there is one. */
  readonly consulUrl?: string
  /** Processes beside the proxy itself: what watches, decides and configures. */
  controllers(): readonly number[]
  /** The proxy's processes. */
  proxies(): Promise<readonly number[]> | readonly number[]
  /** Reloads of the proxy since the front opened. */
  reloads(): Promise<number> | number
  /** What led to them, where the front can say so. */
  reasons?(): readonly string[]
  close(): Promise<void>
}

/** Opens a front; it is registered with the stage, which closes it at the latest. */
export type OpenFront = (stage: Stage) => Promise<Front>
