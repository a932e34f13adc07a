import type { FlagValues } from '../../support/go-flags.ts'

const string = { kind: 'string', fallback: '' } as const
const strings = { kind: 'strings', fallback: [] } as const
const int = { kind: 'int', fallback: 0 } as const
const bool = { kind: 'bool', fallback: false } as const

/** consul-template's flags; those that say nothing of how the program runs are elsewhere. */
const templatesFlags = {
  config: {
    ...strings,
    usage: 'Read this file, or all files in this folder and below (`PATH`); repeatable',
  },
  template: {
    ...strings,
    usage: 'Render `SRC[:DST[:COMMAND]]` and run the command when DST has changed; repeatable',
  },
  once: { ...bool, usage: 'Render everything once, then end' },
  dry: { ...bool, usage: 'Print renderings instead of writing them, and run no command' },
  'parse-only': { ...bool, usage: 'Read the configuration and the templates, then end' },
  wait: { ...string, usage: 'Wait `MIN[:MAX]` for more changes before rendering anew' },
  'max-stale': { ...string, usage: 'Let servers answer that are this far behind (`DURATION`)' },
  'template-error-fatal': { ...bool, usage: 'End when a template fails (default true)' },
  'default-left-delimiter': { ...string, usage: '`TEXT` that begins an action, for all templates' },
  'default-right-delimiter': { ...string, usage: '`TEXT` that ends an action, for all templates' },
  dedup: { ...bool, usage: 'Let one of several instances render for all, through Consul' },
  'log-level': { ...string, usage: '`LEVEL`: TRACE, DEBUG, INFO, WARN or ERR (default WARN)' },
  'log-file': { ...string, usage: 'Write the log to this file, too (`PATH`)' },
  'log-rotate-bytes': { ...int, usage: 'Begin a new log file after so many `BYTES`' },
  'log-rotate-duration': { ...string, usage: 'Begin a new log file after this `DURATION`' },
  'log-rotate-max-files': { ...int, usage: 'Keep so many old log files' },
  syslog: { ...bool, usage: 'Send the log to syslog' },
  'syslog-facility': { ...string, usage: "Syslog's `FACILITY` (default LOCAL0)" },
  'syslog-name': { ...string, usage: 'Name in syslog (default consul-template)' },
  'pid-file': { ...string, usage: "Write the process's id to this file (`PATH`)" },
  'reload-signal': { ...string, usage: '`SIGNAL` to read the configuration anew (default SIGHUP)' },
  'kill-signal': { ...string, usage: '`SIGNAL` to end (default SIGINT)' },
  v: { ...bool, usage: 'Print the version' },
  version: { ...bool, usage: 'Print the version' },
} as const

const execFlags = {
  exec: { ...string, usage: 'Run this `COMMAND` once everything is rendered, and end with it' },
  'exec-kill-signal': { ...string, usage: '`SIGNAL` that ends the child (default SIGINT)' },
  'exec-kill-timeout': {
    ...string,
    usage: 'Longest time for it to end, a `DURATION` (default 30s)',
  },
  'exec-reload-signal': {
    ...string,
    usage: '`SIGNAL` the child gets after a change; none: it is started anew',
  },
  'exec-splay': { ...string, usage: 'Longest random pause before that, a `DURATION`' },
  'exec-env-pristine': { ...bool, usage: "Give the child none of this process's variables" },
  'exec-env-custom': {
    ...strings,
    usage: 'Give the child this variable, `NAME=VALUE`; repeatable',
  },
  'exec-env-allowlist': {
    ...strings,
    usage: 'Give the child such variables only, a `PATTERN`; repeatable',
  },
  'exec-env-denylist': {
    ...strings,
    usage: 'Keep such variables from the child, a `PATTERN`; repeatable',
  },
  'exec-env-whitelist': { ...strings, usage: 'Older name of -exec-env-allowlist (`PATTERN`)' },
  'exec-env-blacklist': { ...strings, usage: 'Older name of -exec-env-denylist (`PATTERN`)' },
} as const

const consulFlags = {
  'consul-addr': { ...string, usage: '`ADDRESS` of the Consul agent (default 127.0.0.1:8500)' },
  'consul-auth': { ...string, usage: '`USER[:PASSWORD]` for HTTP basic authentication' },
  'consul-token': { ...string, usage: "Consul's ACL `TOKEN`" },
  'consul-token-file': { ...string, usage: 'File with the token (`PATH`)' },
  'consul-retry': { ...bool, usage: 'Ask again when Consul does not answer (default true)' },
  'consul-retry-attempts': { ...int, usage: 'How often; 0: for ever (default 12)' },
  'consul-retry-backoff': {
    ...string,
    usage: 'Pause before the first time, a `DURATION`; then twice as long (default 250ms)',
  },
  'consul-retry-max-backoff': { ...string, usage: 'Longest pause, a `DURATION` (default 1m)' },
  retry: { ...string, usage: 'The same as -consul-retry-backoff (`DURATION`)' },
  'consul-ssl': { ...bool, usage: 'Use HTTPS' },
  'consul-ssl-ca-cert': { ...string, usage: 'File with certificates of authorities (`PATH`)' },
  'consul-ssl-ca-path': { ...string, usage: 'Folder with certificates of authorities (`PATH`)' },
  'consul-ssl-cert': { ...string, usage: "File with the client's certificate (`PATH`)" },
  'consul-ssl-key': { ...string, usage: "File with the client's key (`PATH`)" },
  'consul-ssl-server-name': { ...string, usage: "`NAME` expected in Consul's certificate" },
  'consul-ssl-verify': { ...bool, usage: "Check Consul's certificate (default true)" },
  'consul-transport-dial-keep-alive': { ...string, usage: 'Accepted, without effect (`DURATION`)' },
  'consul-transport-dial-timeout': { ...string, usage: 'Accepted, without effect (`DURATION`)' },
  'consul-transport-disable-keep-alives': { ...bool, usage: 'Accepted, without effect' },
  'consul-transport-max-idle-conns-per-host': { ...int, usage: 'Accepted, without effect' },
  'consul-transport-tls-handshake-timeout': {
    ...string,
    usage: 'Accepted, without effect (`DURATION`)',
  },
} as const

/** Names of consul-template before 0.18; the newer name wins. */
const formerFlags = {
  consul: { ...string, usage: 'Older name of -consul-addr (`ADDRESS`)' },
  auth: { ...string, usage: 'Older name of -consul-auth (`USER[:PASSWORD]`)' },
  token: { ...string, usage: 'Older name of -consul-token (`TOKEN`)' },
  ssl: { ...bool, usage: 'Older name of -consul-ssl' },
  'ssl-verify': { ...bool, usage: 'Older name of -consul-ssl-verify' },
  'ssl-cert': { ...string, usage: 'Older name of -consul-ssl-cert (`PATH`)' },
  'ssl-key': { ...string, usage: 'Older name of -consul-ssl-key (`PATH`)' },
  'ssl-ca-cert': { ...string, usage: 'Older name of -consul-ssl-ca-cert (`PATH`)' },
} as const

/** What consul-template has not. */
const ourFlags = {
  'after-command': {
    ...string,
    usage: 'Run this `COMMAND` once after all templates that were written',
  },
  'once-timeout': {
    ...string,
    usage: 'With -once: after this `DURATION` say what is missing, and fail',
  },
  snapshot: {
    ...string,
    usage: 'Keep the newest answers in this file, to start from when Consul is away (`PATH`)',
  },
  sigterm: { ...string, usage: 'What SIGTERM does, `end|ignore` (default end)' },
} as const

/** Flags of what is not supported: known, so that they are refused, or ignored, by name. */
const foreignFlags = {
  'vault-addr': string,
  'vault-agent-token-file': string,
  'vault-default-lease-duration': string,
  'vault-k8s-auth-role-name': string,
  'vault-k8s-service-account-token': string,
  'vault-k8s-service-account-token-path': string,
  'vault-k8s-service-mount-path': string,
  'vault-lease-renewal-threshold': string,
  'vault-namespace': string,
  'vault-renew-token': bool,
  'vault-retry': bool,
  'vault-retry-attempts': int,
  'vault-retry-backoff': string,
  'vault-retry-max-backoff': string,
  'vault-ssl': bool,
  'vault-ssl-ca-cert': string,
  'vault-ssl-ca-path': string,
  'vault-ssl-cert': string,
  'vault-ssl-key': string,
  'vault-ssl-server-name': string,
  'vault-ssl-verify': bool,
  'vault-token': string,
  'vault-transport-dial-keep-alive': string,
  'vault-transport-dial-timeout': string,
  'vault-transport-disable-keep-alives': bool,
  'vault-transport-max-idle-conns-per-host': int,
  'vault-transport-tls-handshake-timeout': string,
  'vault-unwrap-token': bool,
  'nomad-addr': string,
  'nomad-auth-password': string,
  'nomad-auth-username': string,
  'nomad-namespace': string,
  'nomad-region': string,
  'nomad-retry': bool,
  'nomad-retry-attempts': int,
  'nomad-retry-backoff': string,
  'nomad-retry-max-backoff': string,
  'nomad-ssl': bool,
  'nomad-ssl-ca-cert': string,
  'nomad-ssl-ca-path': string,
  'nomad-ssl-cert': string,
  'nomad-ssl-key': string,
  'nomad-ssl-server-name': string,
  'nomad-ssl-verify': bool,
  'nomad-token': string,
} as const

export const shownFlags = {
  ...templatesFlags,
  ...execFlags,
  ...consulFlags,
  ...formerFlags,
  ...ourFlags,
}

type Foreign = {
  readonly [Name in keyof typeof foreignFlags]: (typeof foreignFlags)[Name] & {
    readonly usage: string
  }
}

/** Object.fromEntries knows no names. */
const foreign = Object.fromEntries(
  Object.entries(foreignFlags).map(([name, flag]) => [name, { ...flag, usage: '' }]),
) as unknown as Foreign

export const flags = { ...shownFlags, ...foreign }

export type TemplateFlags = FlagValues<typeof shownFlags>

/** What these would have asked for is not done: going on would be wrong. */
const refused = new Set([
  'vault-addr',
  'vault-agent-token-file',
  'vault-k8s-auth-role-name',
  'vault-token',
  'vault-unwrap-token',
  'nomad-addr',
  'nomad-token',
])

/** Whether a flag that was given is one of those that are refused, or only ignored. */
export function foreignKind(name: string): 'refused' | 'ignored' | undefined {
  if (refused.has(name)) return 'refused'
  return Object.hasOwn(foreignFlags, name) ? 'ignored' : undefined
}
