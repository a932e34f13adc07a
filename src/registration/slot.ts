import type { Backoff } from '../support/backoff.ts'
import type { Registration } from './backend.ts'
import type { RefreshReason } from './registrar-events.ts'
import { isSameRegistration } from './same-registration.ts'
import type { Holder, Wanted } from './wanted.ts'

/** What the registry is believed to have under an id. */
export type Known = {
  readonly name: string
  /** As it was sent or found; undefined: it has something, or may have, but not what is wanted. */
  readonly registration: Registration | undefined
  readonly why: RefreshReason
}

export type Failure = {
  readonly backoff: Backoff
  isRefused: boolean
  error: string
  /** What may be done about it; empty: nothing is known. */
  hint: string
  retryAtMs: number
}

/**
 * One service id: what is wanted and what the registry is believed to have. Always whole states,
 * so that only the newest one is ever sent.
 */
export type Slot = {
  readonly id: string
  wanted: Wanted | undefined
  /** Who had it last, for the time when nobody wants it. */
  holder: Holder | undefined
  /** Its container has ended, and it stays registered. */
  isKept: boolean
  /** Undefined: nothing. */
  known: Known | undefined
  /** Was reported as added. */
  isAdded: boolean
  /** What of Consul's maintenance mode was set from here; empty: none. */
  maintenance: string
  /** State and output of the health check that were sent last. */
  health: Wanted['health']
  isHeartbeatDue: boolean
  /** Not registered before a later list than this one; see `ListSchedule`. */
  listAfter: number | undefined
  /** Id of somebody else's registration of the same address. */
  foreign: string | undefined
  failure: Failure | undefined
  isBusy: boolean
}

export function emptySlot(id: string): Slot {
  return {
    id,
    wanted: undefined,
    holder: undefined,
    isKept: false,
    known: undefined,
    isAdded: false,
    maintenance: '',
    health: undefined,
    isHeartbeatDue: false,
    listAfter: undefined,
    foreign: undefined,
    failure: undefined,
    isBusy: false,
  }
}

/** The next thing to do for a slot. */
export type Step =
  | { readonly kind: 'register'; readonly wanted: Wanted }
  | { readonly kind: 'deregister'; readonly name: string }
  | { readonly kind: 'maintenance'; readonly wanted: Wanted }
  | { readonly kind: 'check'; readonly wanted: Wanted; readonly health: HealthState }

type HealthState = NonNullable<Wanted['health']>

/** Undefined: it is as it is to be, or has to wait for a list. */
export function nextStep(slot: Slot): Step | undefined {
  const { wanted, known } = slot
  if (wanted === undefined || slot.foreign !== undefined) {
    return known === undefined || slot.isKept ? undefined : { kind: 'deregister', name: known.name }
  }
  if (slot.listAfter !== undefined) return undefined
  if (!isRegistered(slot)) return { kind: 'register', wanted }
  if (slot.maintenance !== wanted.maintenance) return { kind: 'maintenance', wanted }
  const { health } = wanted
  if (health === undefined) return undefined
  const isSent = slot.health?.status === health.status && slot.health.output === health.output
  return isSent && !slot.isHeartbeatDue ? undefined : { kind: 'check', wanted, health }
}

export function isRegistered({ wanted, known }: Slot): boolean {
  if (wanted === undefined || known?.registration === undefined) return false
  return isSameRegistration(known.registration, wanted.registration)
}

/** Nobody wants it and the registry has nothing of it: it can be forgotten. */
export function isEmpty(slot: Slot): boolean {
  return slot.wanted === undefined && slot.known === undefined && !slot.isBusy
}

/** The registry is known not to have it. */
export function forgetKnown(slot: Slot): void {
  slot.known = undefined
  slot.maintenance = ''
  slot.health = undefined
}
