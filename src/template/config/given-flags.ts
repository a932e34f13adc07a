import type { TemplateFlags } from './flags.ts'
import { ConfigMistake } from './mistake.ts'
import type { GivenConfig, GivenConsul, GivenExec, GivenTemplate } from './shape.ts'
import type { Converted } from './fields.ts'
import { durationOf, signalOf, wordOf } from './values.ts'
import type { SignalChoice } from './values.ts'
import { parseWait } from './wait.ts'

type Name = keyof TemplateFlags

/** The flags that stood on the command line, each once. */
type Line = { readonly values: TemplateFlags; readonly given: ReadonlySet<string> }

/** What flags say, as if it stood in a configuration. Throws a ConfigMistake with exit code 13. */
export function givenByFlags(line: Line): GivenConfig {
  const { values } = line
  return definedOnly({
    template: values.template.map((written) => templateOf(written)),
    once: pick(line, 'once'),
    parse_only: pick(line, 'parse-only'),
    wait: read(line, 'wait', parseWait),
    max_stale: duration(line, 'max-stale'),
    template_error_fatal: pick(line, 'template-error-fatal'),
    default_delimiters: definedOnly({
      left: pick(line, 'default-left-delimiter'),
      right: pick(line, 'default-right-delimiter'),
    }),
    deduplicate: definedOnly({ enabled: pick(line, 'dedup') }),
    log_level: pick(line, 'log-level'),
    log_file: definedOnly({
      path: pick(line, 'log-file'),
      log_rotate_bytes: pick(line, 'log-rotate-bytes'),
      log_rotate_duration: duration(line, 'log-rotate-duration'),
      log_rotate_max_files: pick(line, 'log-rotate-max-files'),
    }),
    syslog: definedOnly({
      enabled: pick(line, 'syslog'),
      facility: pick(line, 'syslog-facility'),
      name: pick(line, 'syslog-name'),
    }),
    pid_file: pick(line, 'pid-file'),
    reload_signal: signal(line, 'reload-signal'),
    kill_signal: signal(line, 'kill-signal'),
    exec: execOf(line),
    consul: consulOf(line),
    after_command: commandOf(pick(line, 'after-command')),
    once_timeout: duration(line, 'once-timeout'),
    snapshot: pick(line, 'snapshot'),
    sigterm: read(line, 'sigterm', (written) => wordOf(['end', 'ignore'], written)),
  })
}

function execOf(line: Line): GivenExec {
  const { values } = line
  return definedOnly({
    command: commandOf(pick(line, 'exec')),
    kill_signal: signal(line, 'exec-kill-signal'),
    kill_timeout: duration(line, 'exec-kill-timeout'),
    reload_signal: signal(line, 'exec-reload-signal'),
    splay: duration(line, 'exec-splay'),
    env: definedOnly({
      pristine: pick(line, 'exec-env-pristine'),
      custom: values['exec-env-custom'],
      allowlist: [...values['exec-env-whitelist'], ...values['exec-env-allowlist']],
      denylist: [...values['exec-env-blacklist'], ...values['exec-env-denylist']],
    }),
  })
}

function consulOf(line: Line): GivenConsul {
  return definedOnly({
    address: pick(line, 'consul-addr') ?? pick(line, 'consul'),
    auth: authOf(pick(line, 'consul-auth') ?? pick(line, 'auth')),
    token: pick(line, 'consul-token') ?? pick(line, 'token'),
    token_file: pick(line, 'consul-token-file'),
    retry: definedOnly({
      enabled: pick(line, 'consul-retry'),
      attempts: pick(line, 'consul-retry-attempts'),
      backoff: duration(line, 'consul-retry-backoff') ?? duration(line, 'retry'),
      max_backoff: duration(line, 'consul-retry-max-backoff'),
    }),
    ssl: definedOnly({
      enabled: pick(line, 'consul-ssl') ?? pick(line, 'ssl'),
      verify: pick(line, 'consul-ssl-verify') ?? pick(line, 'ssl-verify'),
      cert: pick(line, 'consul-ssl-cert') ?? pick(line, 'ssl-cert'),
      key: pick(line, 'consul-ssl-key') ?? pick(line, 'ssl-key'),
      ca_cert: pick(line, 'consul-ssl-ca-cert') ?? pick(line, 'ssl-ca-cert'),
      ca_path: pick(line, 'consul-ssl-ca-path'),
      server_name: pick(line, 'consul-ssl-server-name'),
    }),
    transport: definedOnly({
      dial_keep_alive: duration(line, 'consul-transport-dial-keep-alive'),
      dial_timeout: duration(line, 'consul-transport-dial-timeout'),
      disable_keep_alives: pick(line, 'consul-transport-disable-keep-alives'),
      max_idle_conns_per_host: pick(line, 'consul-transport-max-idle-conns-per-host'),
      tls_handshake_timeout: duration(line, 'consul-transport-tls-handshake-timeout'),
    }),
  })
}

/**
 * `SRC[:DST[:COMMAND]]`: the command may have colons; a drive letter stays with what follows it.
 * Source: consul-template's ParseTemplateConfig.
 */
export function templateOf(written: string): GivenTemplate {
  if (written.trim() === '') throw flagMistake('template', written, 'template: cannot be empty')
  const [source, destination, ...command] = written.match(/(?:[a-zA-Z]:)?[^:]+/g) ?? []
  return definedOnly({ source, destination, command: commandOf(command.join(':')) })
}

function commandOf(line: string | undefined): readonly string[] | undefined {
  return line === undefined || line === '' ? undefined : [line]
}

function authOf(written: string | undefined): GivenConsul['auth'] {
  if (written === undefined) return undefined
  const [, username = '', password] = /^([^:]*)(?::(.*))?$/s.exec(written) ?? []
  return definedOnly({ enabled: true, username, password })
}

/** The value of a flag that was given. */
function pick<const Of extends Name>(
  { values, given }: Line,
  name: Of,
): TemplateFlags[Of] | undefined {
  return given.has(name) ? values[name] : undefined
}

function read<Value>(
  line: Line,
  name: Name,
  convert: (written: string) => Converted<Value>,
): Value | undefined {
  const written = pick(line, name)
  if (typeof written !== 'string') return undefined
  const converted = convert(written)
  if ('value' in converted) return converted.value
  throw flagMistake(name, written, converted.fault)
}

function duration(line: Line, name: Name): number | undefined {
  return read(line, name, durationOf)
}

function signal(line: Line, name: Name): SignalChoice | undefined {
  return read(line, name, signalOf)
}

function flagMistake(name: string, written: string, fault: string): ConfigMistake {
  return new ConfigMistake(
    `invalid value ${JSON.stringify(written)} for flag -${name}: ${fault}`,
    13,
  )
}

/** Without what is undefined, or a list or block without anything in it. */
function definedOnly<Fields extends object>(fields: Fields): Fields {
  const has = (value: unknown): boolean => {
    if (value === undefined) return false
    return typeof value !== 'object' || value === null || Object.keys(value).length > 0
  }
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => has(value))) as Fields
}
