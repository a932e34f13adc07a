import type { Problem } from '../model/problem.ts'
import type { CheckStatus, Registration } from './backend.ts'
import type { Holder } from './wanted.ts'

/** Why a registration was sent again. */
export type RefreshReason =
  /** Something about it is different now. */
  | 'changed'
  /** The registry had lost it. */
  | 'missing'
  /** Somebody had changed it in the registry. */
  | 'different'
  /** It was asked for (`resync`), and the registry cannot say what it has. */
  | 'resync'

/** What a registrar did or found. `holder` is undefined where nothing of a source is known. */
export type RegistrarEvent =
  /** Registered for the first time in this run. */
  | { readonly kind: 'added'; readonly holder: Holder; readonly registration: Registration }
  /** The registry had it already, as it is wanted. */
  | { readonly kind: 'unchanged'; readonly holder: Holder; readonly registration: Registration }
  | {
      readonly kind: 'refreshed'
      readonly holder: Holder
      readonly registration: Registration
      readonly why: RefreshReason
    }
  /** A registration, maintenance mode or check update failed; it will be tried again. */
  | {
      readonly kind: 'failed'
      readonly holder: Holder
      readonly registration: Registration
      /** What of it failed. */
      readonly action: 'register' | 'maintenance' | 'check'
      readonly isFirst: boolean
      readonly isRefused: boolean
      readonly error: string
      readonly willRetryInMs: number
    }
  | { readonly kind: 'removed'; readonly holder: Holder | undefined; readonly id: string }
  | {
      readonly kind: 'deregister-failed'
      readonly isFirst: boolean
      readonly holder: Holder | undefined
      readonly id: string
      readonly isRefused: boolean
      readonly error: string
      readonly willRetryInMs: number
    }
  /** Its container ended, but the mode of removal keeps it. */
  | { readonly kind: 'kept'; readonly holder: Holder; readonly id: string; readonly why: string }
  /** A holder is missing from a full list; its services go as the mode of removal says. */
  | { readonly kind: 'stale'; readonly holder: Holder }
  /** Found in the registry and nobody's: it is deregistered. */
  | { readonly kind: 'dangling'; readonly id: string; readonly name: string }
  /** Somebody else registered its address: ours is not, or is withdrawn. */
  | {
      readonly kind: 'foreign'
      readonly holder: Holder
      readonly id: string
      /** The other registration's id. */
      readonly theirs: string
    }
  /** The other registration has gone: ours is registered. */
  | { readonly kind: 'foreign-gone'; readonly holder: Holder; readonly id: string }
  | {
      readonly kind: 'maintenance'
      readonly holder: Holder
      readonly id: string
      /** Empty: it has ended. */
      readonly reason: string
    }
  | {
      readonly kind: 'health'
      readonly holder: Holder
      readonly id: string
      readonly status: CheckStatus
    }
  /** The registry does not answer; everything waits. */
  | {
      readonly kind: 'unreachable'
      readonly isFirst: boolean
      readonly error: string
      readonly willRetryInMs: number
    }
  | { readonly kind: 'reachable' }
  /** The registry answers, but does not tell what it has. */
  | { readonly kind: 'list-refused'; readonly error: string }

export type RegistrarCounters = {
  readonly registrations: number
  readonly deregistrations: number
  /** Tries after a failed one, of all kinds of writes. */
  readonly retries: number
  /** Updates of health checks, those at a change of state too. */
  readonly heartbeats: number
}

export type RegistrarState = {
  /** How many services are to be registered, those that somebody else registers too. */
  readonly wanted: number
  /** How many of them are, as they are to be. */
  readonly registered: number
  /** How many writes wait or are under way. */
  readonly pending: number
  /** How many services the registry does not take. */
  readonly refused: number
  readonly isReachable: boolean
  /** Why it is not reachable, else empty. */
  readonly error: string
  /** Services that are not registered since somebody else has. */
  readonly foreign: readonly { readonly id: string; readonly theirs: string }[]
  /** What was refused or failed, and what was left out of registrations. */
  readonly problems: readonly Problem[]
  readonly counters: RegistrarCounters
}
