/** Every setting of the daemon, checked and complete. `schema.ts` says how each is given. */
export type Settings = {
  /** Instance name: two instances on one machine need two names. */
  readonly name: string
  /** Absolute; holds everything the instance keeps. */
  readonly stateFolder: string
  readonly docker: readonly DockerHost[]
  /** The first of these is a swarm's manager: its tasks on all nodes are followed. */
  readonly swarm: boolean
  /** URI of the Consul that keeps the endpoints; undefined: the embedded registry. */
  readonly registry: string | undefined
  /** Services of Consul that are routed though they carry no routing meta. */
  readonly services: readonly string[]
  /** As `services`, by tag. */
  readonly tags: readonly string[]
  /** Whether endpoints with a check at warning get requests. */
  readonly warning: 'in' | 'out'
  /** Which address of this host's containers Consul is told. */
  readonly register: 'published' | 'container'
  /** What a stop signal does to a container's registration. */
  readonly deregisterOn: 'die' | 'stop' | 'drain'
  /** Containers may ask for checks that run commands on the agent's host. */
  readonly commandChecks: boolean
  /** How long every agent surely takes to register anew what its Consul has lost. */
  readonly registrationCycleMs: number
  /** Templates in place of built-in routing; empty: none. */
  readonly templates: readonly TemplateSetting[]
  readonly leftDelimiter: string
  readonly rightDelimiter: string
  /** HAProxy's binds: `ADDR:PORT`, `[V6]:PORT`; with templates none, since these have them. */
  readonly http: readonly string[]
  /** Admin API: `ADDR:PORT`; undefined: unix socket only. */
  readonly admin: string | undefined
  /** Host names under which the admin API may be asked, beside its own address. */
  readonly adminHosts: readonly string[]
  /** File with the admin token, mode 0600; wanted where `admin` is not loopback. */
  readonly adminTokenFile: string | undefined
  /** Which containers without a routing label are routed. */
  readonly route: 'web' | 'labelled' | 'all'
  readonly domain: string
  readonly defaultService: string | undefined
  /** Docker network whose address is preferred. */
  readonly network: string | undefined
  /** Use published ports instead of container addresses. */
  readonly usePublished: boolean
  /** HAProxy's container, by name or id; undefined: found by its label, or none. */
  readonly haproxyContainer: string | undefined
  /** Whether HAProxy's container is attached to networks. */
  readonly joinNetworks: 'on' | 'off'
  /** Networks that are joined, `*` for any part; empty: all that can be. */
  readonly joinOnly: readonly string[]
  readonly neverJoin: readonly string[]
  /** Address of published ports; undefined: 127.0.0.1 for a local daemon, the daemon's host for a remote one. */
  readonly publishedAddress: string | undefined
  /** The haproxy program: a path, or a name on PATH. */
  readonly haproxy: string
  /** Master's socket of a HAProxy that somebody else started; undefined: fairlead starts its own. */
  readonly haproxySocket: string | undefined
  /** The file that this one loads; undefined: haproxy.cfg beside the socket. */
  readonly haproxyConfig: string | undefined
  readonly accessLog: 'file' | 'stdout' | 'off'
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error'
  readonly logFormat: 'pretty' | 'json'
  /** How long a service without endpoints answers 503 before it is forgotten. */
  readonly goneServiceMs: number
  readonly trustedProxies: readonly string[]
  /** HAProxy's maxconn; undefined: sized by the file-descriptor limit. */
  readonly maxConnections: number | undefined
  readonly connectTimeoutMs: number
  readonly clientTimeoutMs: number
  readonly serverTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly keepAliveTimeoutMs: number
  readonly tunnelTimeoutMs: number
  /** How old a connection on an old worker may become, counted from the reload. */
  readonly hardStopMs: number
  /** Reloads that an old worker may see before a further one waits for it. */
  readonly mostOldWorkers: number
  /** Least time from one reload to the next. */
  readonly reloadIntervalMs: number
  /** What is done about changes in HAProxy that somebody else made. */
  readonly drift: 'repair' | 'report'
  readonly driftIntervalMs: number
  /** Generations that are kept. */
  readonly history: number
  /** user and group of HAProxy's workers where fairlead runs as root. */
  readonly user: string
  readonly group: string
}

/** One consul-template template. Both paths are absolute. */
export type TemplateSetting = {
  readonly source: string
  /** The file that it is rendered to; undefined: the configuration that HAProxy runs. */
  readonly path: string | undefined
}

/** One Docker daemon to watch. */
export type DockerHost = {
  /** Node name to use instead of the daemon's own; for daemons that share one. */
  readonly name: string | undefined
  /** `unix:///run/docker.sock`, `tcp://HOST:PORT`, `ssh://[USER@]HOST[:PORT]`. */
  readonly url: string
  /** Folder with ca.pem, cert.pem, key.pem: TLS for a tcp daemon. */
  readonly certFolder: string | undefined
}
