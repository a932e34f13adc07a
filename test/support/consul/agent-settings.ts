import { join } from 'node:path'
import { freePorts } from '../ports.ts'

/** How an agent is started; everything has a default that suits most tests. */
export type ConsulOptions = {
  readonly nodeName?: string
  readonly datacenter?: string
  /** Policy `deny`, bootstrapped: `ConsulAgent.token` is the management token. */
  readonly acl?: boolean
  /** HTTPS only, with the certificate of tls-fixture.ts; `mutual`: clients must show one of it. */
  readonly tls?: boolean | 'mutual'
  /** Also listens on a unix socket, `ConsulAgent.socket`. */
  readonly socket?: boolean
  /** Checks that run a command may be registered, over HTTP too. */
  readonly scriptChecks?: boolean
  /** More of Consul's configuration; it wins over what is set here. */
  readonly config?: Readonly<Record<string, unknown>>
}

/** What `startConsulCluster` says of one of its agents. */
export type Membership = {
  readonly server: boolean
  /** How many servers the first election waits for. */
  readonly expected: number
  /** Gossip ports of the agents to join. */
  readonly join: readonly number[]
  readonly ports: AgentPorts
}

export type AgentPorts = { readonly http: number; readonly serf: number; readonly rpc: number }

export async function agentPorts(): Promise<AgentPorts> {
  const [http = 0, serf = 0, rpc = 0] = await freePorts(3)
  return { http, serf, rpc }
}

/** Consul's agent configuration (manual: Agent, Configuration), without `options.config`. */
export function agentConfig(
  folder: string,
  nodeName: string,
  options: ConsulOptions,
  { server, expected, join: others, ports }: Membership,
): Readonly<Record<string, unknown>> {
  const tls = (options.tls ?? false) !== false
  const socket = options.socket === true ? ` unix://${join(folder, 'http.sock')}` : ''
  return {
    node_name: nodeName,
    datacenter: options.datacenter ?? 'dc1',
    data_dir: join(folder, 'data'),
    server,
    ...(server ? { bootstrap_expect: expected } : {}),
    bind_addr: '127.0.0.1',
    client_addr: '127.0.0.1',
    addresses: { http: `127.0.0.1${socket}` },
    ports: {
      http: tls ? -1 : ports.http,
      https: tls ? ports.http : -1,
      serf_lan: ports.serf,
      server: ports.rpc,
      dns: -1,
      grpc: -1,
      serf_wan: -1,
    },
    retry_join: others.map((port) => `127.0.0.1:${port}`),
    retry_interval: '1s',
    // The shortest election timeouts (manual: Server Performance).
    performance: { raft_multiplier: 1 },
    // A killed server stays a member until its test starts it again.
    autopilot: { cleanup_dead_servers: false },
    disable_update_check: true,
    leave_on_terminate: false,
    skip_leave_on_interrupt: true,
    enable_script_checks: options.scriptChecks === true,
    enable_local_script_checks: options.scriptChecks === true,
    ...(tls ? tlsConfig(folder, options.tls === 'mutual') : {}),
    ...(options.acl === true
      ? { acl: { enabled: true, default_policy: 'deny', enable_token_persistence: true } }
      : {}),
  }
}

function tlsConfig(folder: string, isMutual: boolean): Readonly<Record<string, unknown>> {
  return {
    ca_file: join(folder, 'cert.pem'),
    cert_file: join(folder, 'cert.pem'),
    key_file: join(folder, 'key.pem'),
    verify_incoming_https: isMutual,
  }
}
