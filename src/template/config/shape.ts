import { block, blocks, either, ignored, leaf } from './fields.ts'
import type { Field, Given, ValueOf } from './fields.ts'
import {
  bool,
  command,
  count,
  duration,
  fileMode,
  integer,
  oneOf,
  part,
  signal,
  text,
  texts,
} from './values.ts'
import { wait } from './wait.ts'

/*
 * Every key of consul-template's configuration, with how it is read. Keys of fairlead's own are
 * marked (ours). Source: consul-template's docs/configuration.md.
 */

const environment = block({
  pristine: bool,
  custom: texts,
  allowlist: texts,
  denylist: texts,
  whitelist: texts,
  blacklist: texts,
})

const execBlock = block({
  command,
  enabled: bool,
  env: environment,
  kill_signal: signal,
  kill_timeout: duration,
  reload_signal: signal,
  splay: duration,
  timeout: duration,
})

/** `exec { command = … }`, or `exec = "command"`. */
const exec: Field<ValueOf<typeof execBlock>> = either(
  leaf<ValueOf<typeof execBlock>>('exec', (node) =>
    node.kind === 'text' ? { value: { command: [node.text] } } : undefined,
  ),
  'text',
  execBlock,
)

/** Of `consul`, of what its connections are made of. */
const ssl = block({
  enabled: bool,
  verify: bool,
  cert: text,
  key: text,
  ca_cert: text,
  ca_path: text,
  ca_cert_bytes: text,
  server_name: text,
})

const auth = block({ enabled: bool, username: text, password: text })

const retry = block({ enabled: bool, attempts: integer, backoff: duration, max_backoff: duration })

const enterprise = 'name it in the query, ?ns=… or ?partition=…'

const consulBlock = block({
  address: text,
  auth,
  namespace: ignored(enterprise),
  partition: ignored(enterprise),
  rate_limit: ignored('the number of connections to Consul is limited by itself'),
  retry,
  ssl,
  token: text,
  token_file: text,
  transport: block({
    dial_keep_alive: duration,
    dial_timeout: duration,
    disable_keep_alives: bool,
    idle_conn_timeout: duration,
    max_idle_conns: integer,
    max_idle_conns_per_host: integer,
    max_conns_per_host: integer,
    tls_handshake_timeout: duration,
  }),
})

/** `consul { address = … }`, or `consul = "address"`. */
const consul: Field<ValueOf<typeof consulBlock>> = either(
  leaf<ValueOf<typeof consulBlock>>('consul', (node) =>
    node.kind === 'text' ? { value: { address: node.text } } : undefined,
  ),
  'text',
  consulBlock,
)

const template = blocks({
  backup: bool,
  command,
  command_timeout: duration,
  contents: text,
  create_dest_dirs: bool,
  destination: text,
  error_fatal: bool,
  error_on_missing_key: bool,
  exec,
  function_blacklist: texts,
  function_denylist: texts,
  gid: integer,
  group: text,
  left_delimiter: text,
  perms: fileMode,
  right_delimiter: text,
  sandbox_path: text,
  source: text,
  uid: integer,
  user: text,
  wait,
  // Ours.
  check_command: command,
  max_drop: part,
  min_servers: count,
})

/** The top level of a configuration. */
export const shape = {
  block_query_wait: duration,
  consul,
  deduplicate: block({ enabled: bool, prefix: text, ttl: duration, max_stale: duration }),
  default_delimiters: block({ left: text, right: text }),
  err_on_failed_lookup: bool,
  exec,
  kill_signal: signal,
  log_file: block({
    path: text,
    log_rotate_bytes: integer,
    log_rotate_duration: duration,
    log_rotate_max_files: integer,
  }),
  log_level: text,
  max_stale: duration,
  nomad: ignored('Nomad is not supported, its functions fail'),
  once: bool,
  parse_only: bool,
  pid_file: text,
  reload_signal: signal,
  syslog: block({ enabled: bool, facility: text, name: text }),
  telemetry: ignored('there are no such metrics'),
  template,
  template_error_fatal: bool,
  vault: ignored('Vault is not supported, its functions fail'),
  wait,
  // Where these stood before 0.18, beside `consul = "address"`; what is in `consul` wins.
  auth,
  retry: duration,
  ssl,
  token: text,
  // Ours.
  after_command: command,
  once_timeout: duration,
  sigterm: oneOf(['end', 'ignore']),
  snapshot: text,
} as const

export type GivenConfig = Given<typeof shape>
export type GivenTemplate = ValueOf<typeof template>[number]
export type GivenExec = ValueOf<typeof exec>
export type GivenConsul = ValueOf<typeof consul>
export type GivenEnvironment = ValueOf<typeof environment>
