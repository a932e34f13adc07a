import type { AdminState } from '../model/desired-state.ts'
import type { Endpoint } from '../model/endpoint.ts'
import { encodeName } from '../haproxy/config/names.ts'
import type { OperatorWord } from './contract.ts'
import type { Labels } from './labels.ts'
import type { Selection } from './select.ts'

/** A routed endpoint in its service, with what HAProxy is to do with it. */
export type Member = {
  readonly endpoint: Endpoint
  readonly labels: Labels
  readonly selection: Selection
  /** HAProxy's name of it. */
  readonly server: string
  readonly admin: AdminState
  /** Why it is not `ready`; empty when it is. */
  readonly reason: string
  readonly weight: number
  /** Seen to work and not on its way out: it may say what holds for the whole service. */
  readonly isHealthy: boolean
}

const cache = new WeakMap<Endpoint, Member>()

/**
 * The member an endpoint makes. Gives the same object as long as nothing about it changed, which is
 * what rendering skips work by.
 */
export function memberOf(
  endpoint: Endpoint,
  selection: Selection & { isRouted: true },
  word: OperatorWord | undefined,
  hasAccepted: boolean,
): Member {
  const { admin, reason } = adminOf(endpoint, word, hasAccepted)
  const weight = weightOf(word) ?? selection.labels.weight ?? 1
  const known = cache.get(endpoint)
  if (
    known !== undefined &&
    known.selection === selection &&
    known.admin === admin &&
    known.weight === weight &&
    known.reason === reason
  ) {
    return known
  }
  const member: Member = {
    endpoint,
    labels: selection.labels,
    selection,
    server: known?.server ?? encodeName(endpoint.id),
    admin,
    reason,
    weight,
    isHealthy: admin === 'ready',
  }
  cache.set(endpoint, member)
  return member
}

/** An operator's weight as HAProxy can have it: a whole number from 0 to 256. */
function weightOf(word: OperatorWord | undefined): number | undefined {
  if (word?.weight === undefined || Number.isNaN(word.weight)) return undefined
  return Math.min(256, Math.max(0, Math.round(word.weight)))
}

/**
 * What HAProxy's administrative state of an endpoint is to be, and why. The operator's word comes
 * first, then what is known of its end, then its health; a new one waits until it was seen to accept
 * a connection.
 */
export function adminOf(
  endpoint: Endpoint,
  word: OperatorWord | undefined,
  hasAccepted: boolean,
): { readonly admin: AdminState; readonly reason: string } {
  if (word?.state === 'maint') return { admin: 'maint', reason: 'an operator took it out (maint)' }
  if (word?.state === 'drain') return { admin: 'drain', reason: 'an operator drains it' }
  if (endpoint.draining !== undefined) return { admin: 'drain', reason: endpoint.draining.reason }
  if (endpoint.health === 'maintenance' || endpoint.health === 'critical') {
    return { admin: 'maint', reason: endpoint.healthReason || `its health is ${endpoint.health}` }
  }
  if (!hasAccepted) return { admin: 'maint', reason: 'not yet seen to accept a connection' }
  return { admin: 'ready', reason: '' }
}
