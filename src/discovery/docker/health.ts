import type { Health } from '../../model/endpoint.ts'
import type { Inspect } from './docker-types.ts'

/** What Docker itself knows about a running container's health. */
export type ReportedHealth = {
  readonly health: Health
  /** Empty when passing. */
  readonly reason: string
  /** It has a HEALTHCHECK. */
  readonly isReported: boolean
}

/** A paused container is in maintenance; else its HEALTHCHECK speaks, and without one it is passing. */
export function healthOf(state: NonNullable<Inspect['State']>): ReportedHealth {
  const status = state.Health?.Status ?? 'none'
  const isReported = ['starting', 'healthy', 'unhealthy'].includes(status)
  if (state.Paused === true) return { health: 'maintenance', reason: 'paused', isReported }
  if (status === 'starting') {
    return { health: 'critical', reason: 'HEALTHCHECK starting', isReported }
  }
  if (status === 'unhealthy') {
    const said = firstLine(state.Health?.Log?.at(-1)?.Output ?? '')
    return { health: 'critical', reason: `HEALTHCHECK failed${said && `: ${said}`}`, isReported }
  }
  return { health: 'passing', reason: '', isReported }
}

function firstLine(text: string): string {
  const line = text.trim().split(/[\r\n]/, 1)[0] ?? ''
  return line.replaceAll(/[\p{Cc}\p{Cs}]/gu, ' ').slice(0, 200)
}
