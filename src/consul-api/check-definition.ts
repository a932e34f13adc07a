import { ConsulApiError } from './errors.ts'
import {
  booleanField,
  durationField,
  fieldName,
  fieldsOf,
  mapField,
  stringField,
  stringsField,
  wrongType,
  type Fields,
} from './fields.ts'
import type { CheckKind, CheckStatus, LocalCheck } from './instance.ts'

/** A check without its id and name, which depend on its service. */
export type CheckGiven = Omit<LocalCheck, 'id' | 'name'> & {
  readonly id: string
  readonly name: string
}

const knownFields = new Set(
  [
    'CheckID',
    'ID',
    'Name',
    'Status',
    'Notes',
    'ScriptArgs',
    'Args',
    'HTTP',
    'Header',
    'Method',
    'Body',
    'TCP',
    'Interval',
    'AliasNode',
    'AliasService',
    'DockerContainerID',
    'Shell',
    'GRPC',
    'GRPCUseTLS',
    'TLSSkipVerify',
    'Timeout',
    'TTL',
    'SuccessBeforePassing',
    'FailuresBeforeCritical',
    'DeregisterCriticalServiceAfter',
    'ProxyHTTP',
    'ProxyGRPC',
    'OutputMaxSize',
    'ServiceID',
    'Namespace',
  ].map(fieldName),
)

/** Consul raises shorter ones to these (manual: Agent, Checks). */
const leastIntervalMs = 1000
const leastDeregisterAfterMs = 60_000
const defaultTimeoutMs = 10_000

/**
 * A check as a registration gives it; undefined for one without anything in it, which Consul takes
 * for none. Throws ConsulApiError: 400 for what makes no sense, 500 for a kind that is not run here.
 */
export function readCheck(value: unknown): CheckGiven | undefined {
  const fields = fieldsOf(value, 'Check')
  for (const name of fields.keys()) {
    if (knownFields.has(name)) continue
    const given = Object.keys(value as object).find((each) => fieldName(each) === name) ?? name
    throw new ConsulApiError(400, `Request decode failed: json: unknown field "${given}"`)
  }
  if ([...fields.values()].every(isEmpty)) return undefined
  const status = readStatus(fields)
  const kind = readKind(fields)
  const afterMs = durationField(fields, 'DeregisterCriticalServiceAfter')
  return {
    id: stringField(fields, 'CheckID') || stringField(fields, 'ID'),
    name: stringField(fields, 'Name'),
    notes: stringField(fields, 'Notes'),
    kind,
    initialStatus: status,
    deregisterAfterMs: afterMs > 0 ? Math.max(leastDeregisterAfterMs, afterMs) : 0,
  }
}

function isEmpty(value: unknown): boolean {
  if (typeof value === 'object') return Object.keys(value ?? {}).length === 0
  return value === '' || value === 0 || value === false
}

function readStatus(fields: Fields): CheckStatus {
  const status = stringField(fields, 'Status') || 'critical'
  if (isCheckStatus(status)) return status
  throw new ConsulApiError(400, "Status for checks must 'passing', 'warning', 'critical'")
}

export function isCheckStatus(text: string): text is CheckStatus {
  return text === 'passing' || text === 'warning' || text === 'critical'
}

function readKind(fields: Fields): CheckKind {
  const args = [...stringsField(fields, 'ScriptArgs'), ...stringsField(fields, 'Args')]
  const http = stringField(fields, 'HTTP')
  const tcp = stringField(fields, 'TCP')
  const grpc = stringField(fields, 'GRPC')
  const intervalMs = durationField(fields, 'Interval')
  const ttlMs = durationField(fields, 'TTL')
  if (intervalMs > 0 && ttlMs > 0) throw invalid('Interval and TTL cannot both be specified')
  const isAlias = stringField(fields, 'AliasNode') + stringField(fields, 'AliasService') !== ''
  if (isAlias) throw notRun('Alias')
  const isRun = args.length > 0 || http !== '' || tcp !== '' || grpc !== ''
  if (isRun && intervalMs <= 0)
    throw invalid('Interval must be > 0 for Script, HTTP, or TCP checks')
  if (!isRun && ttlMs <= 0) throw invalid('TTL must be > 0 for TTL checks')
  if (args.length > 0) {
    const what = 'Scripts are disabled on this agent from remote calls'
    throw new ConsulApiError(500, `${what}; fairlead runs HTTP, TCP and TTL checks only`)
  }
  if (!isRun) return { type: 'ttl', ttlMs }
  const timeoutMs = durationField(fields, 'Timeout')
  const times = {
    intervalMs: Math.max(leastIntervalMs, intervalMs),
    timeoutMs: timeoutMs > 0 ? timeoutMs : defaultTimeoutMs,
  }
  if (http !== '') return httpKind(fields, http, times)
  if (tcp !== '') return { type: 'tcp', address: tcp, ...times }
  throw notRun('gRPC')
}

function httpKind(
  fields: Fields,
  url: string,
  times: { readonly intervalMs: number; readonly timeoutMs: number },
): CheckKind {
  const headers = mapField(fields, 'Header', (value) => {
    if (!Array.isArray(value) || value.some((each) => typeof each !== 'string')) {
      throw wrongType(value, 'Header', '[]string')
    }
    return value as readonly string[]
  })
  return {
    type: 'http',
    url,
    method: stringField(fields, 'Method') || 'GET',
    headers,
    body: stringField(fields, 'Body'),
    isTlsVerified: !booleanField(fields, 'TLSSkipVerify'),
    ...times,
  }
}

function invalid(what: string): ConsulApiError {
  return new ConsulApiError(400, `Invalid check: ${what}`)
}

/** What nobody would run must not look as if somebody did. */
function notRun(kind: string): ConsulApiError {
  return new ConsulApiError(
    500,
    `${kind} checks are disabled on this agent; fairlead runs HTTP, TCP and TTL checks only`,
  )
}
