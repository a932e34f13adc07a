import { completeCommand, completeEnvironment } from './commands.ts'
import { completeConsul, firstOf } from './complete-consul.ts'
import type { Environment } from './complete-consul.ts'
import { completeTemplate } from './complete-template.ts'
import type { ExecSetting, LogLevel, RunnerConfig } from './contract.ts'
import { ConfigMistake } from './mistake.ts'
import type { GivenConfig, GivenConsul } from './shape.ts'
import type { SignalChoice } from './values.ts'
import { completeWait } from './wait.ts'

export type Completion = {
  readonly environment: Environment
  readonly readFile: (path: string) => string
  readonly isDry: boolean
  readonly configPaths: readonly string[]
}

const dayMs = 24 * 3_600_000

/** A configuration with all defaults. Throws a ConfigMistake. */
export function completeConfig(given: GivenConfig, completion: Completion): RunnerConfig {
  const { environment, readFile, isDry, configPaths } = completion
  const isOnce = given.once ?? false
  return {
    templates: (given.template ?? []).map((each) => completeTemplate(each, given)),
    consul: completeConsul(consulOf(given), environment, readFile),
    isOnce,
    isDry,
    isParseOnly: given.parse_only ?? false,
    // With -once nothing is waited for, and nothing shared.
    wait: isOnce ? undefined : completeWait(given.wait),
    mostStaleMs: given.max_stale ?? 2000,
    blockQueryWaitMs: given.block_query_wait ?? 60_000,
    isErrorOnFailedLookup: given.err_on_failed_lookup ?? false,
    afterCommand: completeCommand(given.after_command),
    onceTimeoutMs: given.once_timeout ?? 0,
    snapshotPath: given.snapshot || undefined,
    logLevel: logLevelOf(given.log_level, environment),
    logFile: logFileOf(given),
    syslog: syslogOf(given),
    pidFile: given.pid_file || undefined,
    reloadSignal: signalOr(given.reload_signal, 'SIGHUP'),
    killSignal: signalOr(given.kill_signal, 'SIGINT'),
    sigterm: given.sigterm ?? 'end',
    exec: execOf(given),
    deduplicate: isOnce ? undefined : deduplicateOf(given),
    configPaths,
  }
}

/** With what older configurations say outside of it. */
function consulOf({ consul, auth, retry, ssl, token }: GivenConfig): GivenConsul {
  return { auth, ssl, token, retry: retry === undefined ? retry : { backoff: retry }, ...consul }
}

function signalOr(
  given: SignalChoice | undefined,
  fallback: NodeJS.Signals,
): NodeJS.Signals | undefined {
  return given === 'none' ? undefined : (given ?? fallback)
}

const levels: readonly LogLevel[] = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERR']

function logLevelOf(given: string | undefined, environment: Environment): LogLevel {
  const names = ['CT_LOG', 'CONSUL_TEMPLATE_LOG', 'CONSUL_TEMPLATE_LOG_LEVEL']
  const written = (given ?? firstOf(environment, names) ?? 'WARN').toUpperCase()
  const level = levels.find((each) => each === written)
  if (level !== undefined) return level
  const quoted = JSON.stringify(written)
  throw new ConfigMistake(`invalid log level ${quoted}, valid log levels are ${levels.join(', ')}`)
}

function logFileOf({ log_file: given }: GivenConfig): RunnerConfig['logFile'] {
  if (!given?.path) return undefined
  return {
    path: given.path,
    rotateBytes: given.log_rotate_bytes ?? 0,
    rotateMs: given.log_rotate_duration ?? dayMs,
    mostFiles: given.log_rotate_max_files ?? 0,
  }
}

function syslogOf({ syslog: given }: GivenConfig): RunnerConfig['syslog'] {
  // What is given of it switches it on.
  if (given === undefined || !(given.enabled ?? true)) return undefined
  return { facility: given.facility || 'LOCAL0', name: given.name || 'consul-template' }
}

function execOf({ exec: given }: GivenConfig): ExecSetting | undefined {
  const command = completeCommand(given?.command)
  if (command === undefined || given?.enabled === false) return undefined
  return {
    command,
    splayMs: given?.splay ?? 0,
    reloadSignal: given?.reload_signal === 'none' ? undefined : given?.reload_signal,
    killSignal: signalOr(given?.kill_signal, 'SIGINT') ?? 'SIGINT',
    killTimeoutMs: given?.kill_timeout ?? 30_000,
    environment: completeEnvironment(given?.env),
  }
}

function deduplicateOf({ deduplicate: given }: GivenConfig): RunnerConfig['deduplicate'] {
  // What is given of it switches it on.
  if (given === undefined || !(given.enabled ?? true)) return undefined
  return {
    prefix: given.prefix || 'consul-template/dedup/',
    ttlMs: given.ttl ?? 15_000,
    mostStaleMs: given.max_stale ?? 2000,
  }
}
