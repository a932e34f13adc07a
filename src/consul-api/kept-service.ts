import type { Candidate } from '../model/candidate.ts'
import type { LocalService } from './instance.ts'
import type { KeptCheck } from './local-check.ts'

/** What outlives the process of a service that was registered through the API. */
export type KeptService = {
  readonly service: LocalService
  readonly checks: readonly KeptCheck[]
  readonly maintenance?: { readonly reason: string; readonly sinceMs: number } | undefined
  readonly registeredAtMs: number
}

/**
 * What the registry has kept of a registration. An earlier version kept nothing beside its endpoint,
 * and nothing of checks; then it is made of that.
 */
export function keptService(candidate: Candidate, nowMs: number): KeptService | undefined {
  if (candidate.kept !== undefined) return candidate.kept as KeptService
  const [endpoint] = candidate.endpoints
  if (endpoint === undefined) return undefined
  const { id, service, address, port, tags, meta, labels, health, healthReason } = endpoint
  const weight = Number(labels['weight'] ?? 1)
  return {
    service: {
      id,
      service,
      address,
      port,
      tags,
      meta,
      weights: { Passing: Number.isInteger(weight) && weight > 0 ? weight : 1, Warning: 1 },
      enableTagOverride: false,
    },
    checks: [],
    maintenance: health === 'maintenance' ? { reason: healthReason, sinceMs: nowMs } : undefined,
    registeredAtMs: endpoint.startedAtMs,
  }
}
