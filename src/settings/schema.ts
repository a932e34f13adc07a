import { adminAddress, listenAddress } from './addresses.ts'
import { list, one, optional, toggle } from './definition.ts'
import type { Definition } from './definition.ts'
import { docker } from './docker-hosts.ts'
import { duration, timeout } from './duration.ts'
import type { Settings } from './settings.ts'
import { accessLog, logFormat, logLevel } from './logging.ts'
import { defaultName, defaultStateFolder } from './state-folder.ts'
import { joining } from './joining.ts'
import { registry } from './registry.ts'
import { leftDelimiter, rightDelimiter, templates } from './template.ts'
import * as values from './values.ts'

/**
 * Every setting, once. From here come the flags of `fairlead up` and its help, the environment
 * variables, the keys of the settings file, and the table in docs/cli.md.
 */
export const definitions: { readonly [Key in keyof Settings]: Definition<Settings[Key]> } = {
  name: one({
    name: 'name',
    group: 'Instance',
    placeholder: 'NAME',
    help: 'name of this instance; two on one machine need two names',
    parser: values.instanceName,
    standard: defaultName,
  }),
  stateFolder: one({
    name: 'state-folder',
    group: 'Instance',
    placeholder: 'FOLDER',
    help: 'folder for everything the instance keeps',
    parser: values.path,
    isPath: true,
    computed: (context) => defaultStateFolder(context.name, context),
    shown: '/var/lib/fairlead/NAME for root, else ~/.local/state/fairlead/NAME',
  }),

  docker,
  swarm: toggle({
    name: 'swarm',
    group: 'Docker',
    help:
      'follow the tasks of the swarm on all its nodes; the (first) Docker daemon has to be a ' +
      'manager of it',
  }),
  network: optional({
    name: 'network',
    group: 'Docker',
    placeholder: 'NETWORK',
    help: 'Docker network whose address is used where a container has several',
    parser: values.word,
  }),
  usePublished: toggle({
    name: 'published',
    group: 'Docker',
    help: 'use published ports instead of the addresses of containers',
  }),
  publishedAddress: one({
    name: 'published-address',
    group: 'Docker',
    placeholder: 'ADDR',
    help: 'address at which published ports are reached',
    parser: values.ipAddress,
    computed: () => undefined,
    shown:
      "127.0.0.1 for a local daemon, else the daemon's host; with --registry consul://… the agent's",
  }),

  ...joining,

  registry: one({
    name: 'registry',
    group: 'Registry',
    placeholder: 'URI',
    help:
      'where endpoints are kept: embedded (this machine alone), or a Consul cluster by its agent: ' +
      'consul://HOST:PORT[,HOST:PORT], consul-tls://…, consul-unix:///PATH, each with ?dc=NAME; ' +
      'CONSUL_HTTP_TOKEN and the other variables of Consul count',
    parser: registry,
    standard: 'embedded',
  }),
  services: list({
    name: 'service',
    group: 'Registry',
    placeholder: 'NAME',
    help: 'service of Consul that is routed though it has no fairlead_* meta; * stands for any part',
    item: values.word,
    standard: [],
  }),
  tags: list({
    name: 'tag',
    group: 'Registry',
    placeholder: 'TAG',
    help: 'tag of Consul whose services are routed though they have no fairlead_* meta',
    item: values.word,
    standard: [],
  }),
  warning: one({
    name: 'warning',
    group: 'Registry',
    placeholder: 'IN|OUT',
    help: 'whether an endpoint with a check at warning gets requests: in or out',
    parser: values.choice('in', 'out'),
    standard: 'in',
  }),
  register: one({
    name: 'register',
    group: 'Registry',
    placeholder: 'WHICH',
    help:
      'address under which containers are registered in Consul: published (published ports at ' +
      "--published-address, else at the agent's address) or container (their own, on --network)",
    parser: values.choice('published', 'container'),
    standard: 'published',
  }),
  deregisterOn: one({
    name: 'deregister-on',
    group: 'Registry',
    placeholder: 'EVENT',
    help:
      'what a stop signal does to a registration in Consul: drain (maintenance, gone when the ' +
      'container is), stop (gone at once), die (nothing until the container is gone)',
    parser: values.choice('drain', 'stop', 'die'),
    standard: 'drain',
  }),
  commandChecks: toggle({
    name: 'command-checks',
    group: 'Registry',
    help:
      "register checks of containers that run commands on the agent's host (SERVICE_CHECK_SCRIPT, " +
      '_CMD, _ARGS); the agent has to allow them too',
  }),
  registrationCycleMs: one({
    name: 'registration-cycle',
    group: 'Registry',
    placeholder: 'TIME',
    help:
      'how often registrations are compared with Consul, and how long a sudden loss of most ' +
      'endpoints of a service is held back',
    parser: timeout,
    standard: '1m',
  }),

  http: list({
    name: 'http',
    group: 'Routing',
    placeholder: 'ADDR:PORT',
    help: 'address that HAProxy serves; *:80 is all IPv4 addresses, [::]:80 all IPv6 addresses',
    item: listenAddress,
    standard: ['127.0.0.1:8080'],
  }),
  route: one({
    name: 'route',
    group: 'Routing',
    placeholder: 'WHICH',
    help:
      'containers that are routed without a routing label: web (port 80, or 8080 alone), ' +
      'labelled (none), all',
    parser: values.choice('web', 'labelled', 'all'),
    standard: 'web',
  }),
  domain: one({
    name: 'domain',
    group: 'Routing',
    placeholder: 'DOMAIN',
    help: 'each service answers to SERVICE.DOMAIN',
    parser: values.hostName,
    standard: 'localhost',
  }),
  defaultService: one({
    name: 'default-service',
    group: 'Routing',
    placeholder: 'SERVICE',
    help: 'service that takes what no host rule matches',
    parser: values.word,
    computed: () => undefined,
    shown: 'the one marked by its label, else the oldest',
  }),
  goneServiceMs: one({
    name: 'gone-service',
    group: 'Routing',
    placeholder: 'TIME',
    help: 'how long a service without endpoints answers 503 before it is forgotten',
    parser: duration,
    standard: '5m',
  }),
  trustedProxies: list({
    name: 'trusted-proxy',
    group: 'Routing',
    placeholder: 'NETWORK',
    help: 'network or address of proxies in front whose X-Forwarded-* headers are believed',
    item: values.network,
    standard: [],
  }),

  templates,
  leftDelimiter,
  rightDelimiter,

  haproxy: one({
    name: 'haproxy',
    group: 'HAProxy',
    placeholder: 'PROGRAM',
    help: 'the haproxy program: a path, or a name on PATH',
    parser: values.path,
    standard: 'haproxy',
  }),
  haproxySocket: optional({
    name: 'haproxy-socket',
    group: 'HAProxy',
    placeholder: 'PATH',
    help:
      'socket of the master of a HAProxy that somebody else starts and ends, such as one in ' +
      'another container; fairlead then starts none',
    parser: values.path,
    isPath: true,
  }),
  haproxyConfig: optional({
    name: 'haproxy-config',
    group: 'HAProxy',
    placeholder: 'FILE',
    help:
      'with --haproxy-socket: the file that HAProxy loads, in a folder that has the same path for ' +
      'both (default: haproxy.cfg beside the socket)',
    parser: values.path,
    isPath: true,
  }),
  maxConnections: one({
    name: 'max-connections',
    group: 'HAProxy',
    placeholder: 'COUNT',
    help: 'most connections at a time; auto: as many as file descriptors allow',
    parser: values.countOrAuto,
    standard: 'auto',
  }),
  connectTimeoutMs: one({
    name: 'connect-timeout',
    group: 'HAProxy',
    placeholder: 'TIME',
    help: 'longest wait for a connection to a server',
    parser: timeout,
    standard: '500ms',
  }),
  clientTimeoutMs: one({
    name: 'client-timeout',
    group: 'HAProxy',
    placeholder: 'TIME',
    help: 'longest silence of a client',
    parser: timeout,
    standard: '60s',
  }),
  serverTimeoutMs: one({
    name: 'server-timeout',
    group: 'HAProxy',
    placeholder: 'TIME',
    help: 'longest silence of a server',
    parser: timeout,
    standard: '60s',
  }),
  requestTimeoutMs: one({
    name: 'request-timeout',
    group: 'HAProxy',
    placeholder: 'TIME',
    help: 'longest time for a client to send the head of a request',
    parser: timeout,
    standard: '10s',
  }),
  keepAliveTimeoutMs: one({
    name: 'keep-alive-timeout',
    group: 'HAProxy',
    placeholder: 'TIME',
    help: 'how long an idle client connection is kept open',
    parser: timeout,
    standard: '10s',
  }),
  tunnelTimeoutMs: one({
    name: 'tunnel-timeout',
    group: 'HAProxy',
    placeholder: 'TIME',
    help: 'longest silence of a WebSocket',
    parser: timeout,
    standard: '1h',
  }),
  hardStopMs: one({
    name: 'hard-stop',
    group: 'HAProxy',
    placeholder: 'TIME',
    help: 'how long connections, such as WebSockets, may outlive a reload or the end',
    parser: timeout,
    standard: '1h',
  }),
  mostOldWorkers: one({
    name: 'old-workers',
    group: 'HAProxy',
    placeholder: 'COUNT',
    help:
      'old workers that may have connections left from before a reload; a further reload waits ' +
      'until one has ended',
    parser: values.count(1000),
    standard: '50',
  }),
  reloadIntervalMs: one({
    name: 'reload-interval',
    group: 'HAProxy',
    placeholder: 'TIME',
    help: 'least time from one reload to the next; what runtime commands can do is never delayed',
    parser: duration,
    standard: '2s',
  }),
  drift: one({
    name: 'drift',
    group: 'HAProxy',
    placeholder: 'WHAT',
    help: 'what to do about changes that somebody else made in HAProxy: repair or report them',
    parser: values.choice('repair', 'report'),
    standard: 'repair',
  }),
  driftIntervalMs: one({
    name: 'drift-interval',
    group: 'HAProxy',
    placeholder: 'TIME',
    help: 'how often all that HAProxy has is compared with what is wanted',
    parser: timeout,
    standard: '30s',
  }),
  history: one({
    name: 'history',
    group: 'HAProxy',
    placeholder: 'COUNT',
    help: 'how many generations are kept for history, diff and rollback (and 64 MB at most)',
    parser: values.count(100_000),
    standard: '1000',
  }),
  user: one({
    name: 'user',
    group: 'HAProxy',
    placeholder: 'USER',
    help: "user of HAProxy's worker, where fairlead runs as root",
    parser: values.account,
    standard: 'haproxy',
  }),
  group: one({
    name: 'group',
    group: 'HAProxy',
    placeholder: 'GROUP',
    help: "group of HAProxy's worker, where fairlead runs as root",
    parser: values.account,
    standard: 'haproxy',
  }),

  admin: one({
    name: 'admin',
    group: 'Admin API',
    placeholder: 'ADDR:PORT',
    help: 'address of the admin API, beside its unix socket; none: unix socket only',
    parser: adminAddress,
    standard: '127.0.0.1:7400',
  }),
  adminHosts: list({
    name: 'admin-host',
    group: 'Admin API',
    placeholder: 'HOST',
    help: 'further host name under which the admin API may be asked',
    item: values.hostOrAddress,
    standard: [],
  }),
  adminTokenFile: optional({
    name: 'admin-token-file',
    group: 'Admin API',
    placeholder: 'FILE',
    help:
      'file with the token that the admin API wants, readable by its owner only; made with a ' +
      'random token when missing; needed where --admin is not loopback',
    parser: values.path,
    isPath: true,
  }),

  accessLog,
  logLevel,
  logFormat,
}

export type SettingKey = keyof Settings

/** In the order of help: `name` first, since other defaults depend on it. */
export const settingKeys = Object.keys(definitions) as readonly SettingKey[]

export const settingNames: readonly string[] = settingKeys.map((key) => definitions[key].name)

/** `FAIRLEAD_GONE_SERVICE` for `gone-service`. */
export function variableOf(name: string): string {
  return `FAIRLEAD_${name.replaceAll('-', '_').toUpperCase()}`
}
