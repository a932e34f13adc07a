import type { Health } from '../../model/endpoint.ts'
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
  const isReported = checks.some((check) => isOfService(check) && !isMaintenance(check))
  const maintenance = checks.find((check) => isMaintenance(check) && check.Status === 'critical')
  const others = checks.filter((check) => !isMaintenance(check))
  // Consul knows three words; an unknown one is no reason to send requests.
  const critical = others.find(({ Status }) => Status !== 'passing' && Status !== 'warning')
  const warning = others.find(({ Status }) => Status === 'warning')
  const common = { isReported, maintenance: maintenance && maintenanceReason(maintenance) }
  if (critical !== undefined) return { ...common, health: 'critical', reason: reasonOf(critical) }
  if (warning === undefined) return { ...common, health: 'passing', reason: '' }
  const health = warningIs === 'in' ? 'warning' : 'critical'
  return { ...common, health, reason: reasonOf(warning) }
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
