import type { Endpoint, Health } from '../../model/endpoint.ts'
import { healthCheckPrefix } from '../../registration/endpoint-to-registration.ts'
import {
  nodeMaintenanceCheck,
  serviceMaintenanceCheckPrefix,
  type HealthCheck,
} from '../../consul/types.ts'

/** What the checks of an instance come to. */
export type InstanceHealth = {
  readonly health: Exclude<Health, 'maintenance'>
  /** Why it is not passing; empty when it is. */
  readonly reason: string
  /** It has a check of its own: no probe is needed. */
  readonly isReported: boolean
  /**
   * Who passes on its Docker HEALTHCHECK says nothing: `expired`, nothing any more; `unheard`, nothing
   * since the agent was started. The rest is what the other checks come to. Undefined: it is heard,
   * or there is none.
   */
  readonly silence: 'expired' | 'unheard' | undefined
  /** Consul's maintenance mode of it or its node, with the reason given there; undefined: not in it. */
  readonly maintenance: string | undefined
}

const mostReasonCharacters = 200

/**
 * Joins the checks of an instance and of its node. Maintenance is a critical check by name in
 * Consul (manual: Agent API, maintenance mode); here it is no illness: who put it there wants that
 * requests under way go on.
 */
export function healthOfChecks(
  checks: readonly HealthCheck[],
  warningIs: 'in' | 'out',
): InstanceHealth {
  const maintenance = checks.find((check) => isMaintenance(check) && check.Status === 'critical')
  const silence = checks.map(silenceOf).find((each) => each !== undefined)
  const others = checks.filter((check) => !isMaintenance(check) && silenceOf(check) === undefined)
  // Consul knows three words; an unknown one is no reason to send requests.
  const critical = others.find(({ Status }) => Status !== 'passing' && Status !== 'warning')
  const warning = others.find(({ Status }) => Status === 'warning')
  const isReported = others.some(isOfService)
  const common = {
    isReported,
    silence,
    maintenance: maintenance && maintenanceReason(maintenance),
  }
  if (critical !== undefined) return { ...common, health: 'critical', reason: reasonOf(critical) }
  if (warning === undefined) return { ...common, health: 'passing', reason: '' }
  const health = warningIs === 'in' ? 'warning' : 'critical'
  return { ...common, health, reason: reasonOf(warning) }
}

/**
 * A fairlead that ended is no reason to take out the containers that it registered. A TTL check of
 * which nothing was heard in its time is critical with these words, and one that the agent took up
 * at its start is without any (manual: Checks, TTL).
 */
function silenceOf({ CheckID, Status, Output = '' }: HealthCheck): InstanceHealth['silence'] {
  if (!CheckID.startsWith(healthCheckPrefix) || Status !== 'critical') return undefined
  if (Output === '') return 'unheard'
  return Output.startsWith('TTL expired') ? 'expired' : undefined
}

/**
 * While nothing is heard what was said last stands: `before`, the same instance as it was. Without
 * it one that was never heard is not believed, and for one that is not heard any more the other
 * checks, a probe, and HAProxy's own checks decide.
 */
export function withLastWord(
  now: InstanceHealth,
  before: Pick<Endpoint, 'health' | 'healthReason' | 'isHealthReported'> | undefined,
): InstanceHealth {
  if (now.silence === undefined || now.health === 'critical') return now
  if (before !== undefined && before.health !== 'maintenance') {
    const { health, healthReason: reason, isHealthReported: isReported } = before
    return { ...now, health, reason, isReported }
  }
  if (now.silence === 'expired') return now
  const reason = 'nothing was said yet of its HEALTHCHECK'
  return { ...now, health: 'critical', reason, isReported: true }
}

function isOfService({ ServiceID = '' }: HealthCheck): boolean {
  return ServiceID !== ''
}

function isMaintenance({ CheckID }: HealthCheck): boolean {
  return CheckID === nodeMaintenanceCheck || CheckID.startsWith(serviceMaintenanceCheckPrefix)
}

function maintenanceReason(check: HealthCheck): string {
  const said = firstLine(check.Notes ?? '')
  return `maintenance in Consul: ${said || 'no reason given'}`
}

function reasonOf(check: HealthCheck): string {
  const said = firstLine(check.Output ?? '')
  if (check.CheckID === 'serfHealth') {
    return `node ${check.Node} is unreachable${said && `: ${said}`}`
  }
  return `check ${JSON.stringify(check.Name || check.CheckID)} is ${check.Status}${said && `: ${said}`}`
}

function firstLine(text: string): string {
  const line = text.trim().split(/[\r\n]/)[0] ?? ''
  return line.length > mostReasonCharacters ? `${line.slice(0, mostReasonCharacters)}…` : line
}
