import type { Candidate, Observation } from '../model/candidate.ts'
import type { Endpoint } from '../model/endpoint.ts'
import type { Problem } from '../model/problem.ts'
import { maintenancePrefix } from './backend.ts'
import type { CheckStatus, Registration } from './backend.ts'
import { checkStatusOf, endpointToRegistration } from './endpoint-to-registration.ts'
import type { RegistrationOptions } from './endpoint-to-registration.ts'
import { isSameRegistration } from './same-registration.ts'

/** Whose services these are. */
export type Holder = {
  readonly source: string
  /** Of the candidate: a container's id. */
  readonly key: string
  readonly kind: Candidate['kind']
  readonly name: string
}

/** What one service is to be in the registry. */
export type Wanted = {
  readonly holder: Holder
  /** Without `Status` of the health check. */
  readonly registration: Registration
  /** Why it is in maintenance; empty: it is not. */
  readonly maintenance: string
  /** State of its health check; undefined: it has none. */
  readonly health: { readonly status: CheckStatus; readonly output: string } | undefined
  readonly problems: readonly Problem[]
  readonly startedAtMs: number
}

export type WantedOptions = {
  readonly registration: RegistrationOptions
  /**
   * What a stop signal does. `die`: nothing. `stop`: deregistered at once. `drain`: Consul's
   * maintenance mode until it ends.
   */
  readonly deregisterOn: 'die' | 'stop' | 'drain'
  /** An endpoint in maintenance (a paused container) is so in Consul too. */
  readonly isMaintenanceFollowed: boolean
}

/** What a candidate wants, by service id; the last of its endpoints with one id counts. */
export function wantedOf(
  source: string,
  candidate: Candidate,
  options: WantedOptions,
): ReadonlyMap<string, Wanted> {
  const { key, kind, name } = candidate
  const holder = { source, key, kind, name }
  const endpoints = candidate.endpoints.filter(
    ({ draining }) => draining === undefined || options.deregisterOn !== 'stop',
  )
  return new Map(
    endpoints.map((endpoint) => {
      const { registration, problems } = endpointToRegistration(
        endpoint,
        candidate,
        options.registration,
      )
      const hasHealth = options.registration.healthTtlMs !== undefined && endpoint.isHealthReported
      const wanted: Wanted = {
        holder,
        registration,
        maintenance: maintenanceOf(endpoint, options),
        health: hasHealth
          ? { status: checkStatusOf(endpoint.health), output: endpoint.healthReason }
          : undefined,
        problems,
        startedAtMs: endpoint.startedAtMs,
      }
      return [endpoint.id, wanted]
    }),
  )
}

function maintenanceOf(endpoint: Endpoint, options: WantedOptions): string {
  if (options.deregisterOn === 'drain' && endpoint.draining !== undefined) {
    return `${maintenancePrefix}${endpoint.draining.reason}`
  }
  if (options.isMaintenanceFollowed && endpoint.health === 'maintenance') {
    return `${maintenancePrefix}${endpoint.healthReason || 'maintenance'}`
  }
  return ''
}

/** The same but for health, which is not registered but reported. */
export function isSameWish(a: Wanted | undefined, b: Wanted | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  return a.maintenance === b.maintenance && isSameRegistration(a.registration, b.registration)
}

/** What an observation changed. */
export type ClaimChanges = {
  /** Service ids whose wanted state may be another now. */
  readonly ids: ReadonlySet<string>
  /** Holders that have gone, with the ids that they held. */
  readonly gone: readonly Gone[]
}

export type Gone = {
  readonly holder: Holder
  readonly ids: readonly string[]
  readonly exitCode: number | undefined
  /** It was missed in a full list: nobody said that it ended. */
  readonly isStale: boolean
}

type Claim = { readonly holder: Holder; readonly wanted: ReadonlyMap<string, Wanted> }

/**
 * Who wants which service. Of several that want one id the one that was started last has it, and
 * the next when that has gone.
 */
export class Claims {
  readonly #options: WantedOptions
  /** By source, then by key of the candidate. */
  readonly #claims = new Map<string, Map<string, Claim>>()
  readonly #byId = new Map<string, Set<Claim>>()

  constructor(options: WantedOptions) {
    this.#options = options
  }

  /** Sources that have given a full list. */
  readonly complete = new Set<string>()

  get wantedIds(): Iterable<string> {
    return this.#byId.keys()
  }

  wanted(id: string): Wanted | undefined {
    let best: Wanted | undefined
    for (const claim of this.#byId.get(id) ?? []) {
      const wanted = claim.wanted.get(id)
      if (best === undefined || (wanted?.startedAtMs ?? 0) >= best.startedAtMs)
        best = wanted ?? best
    }
    return best
  }

  apply({ source, isComplete, upserts, removals, exits }: Observation): ClaimChanges {
    const claims = this.#claims.get(source) ?? new Map<string, Claim>()
    this.#claims.set(source, claims)
    const ids = new Set<string>()
    const gone: Gone[] = []
    const missed = isComplete ? keysWithout(claims, upserts) : []
    for (const key of [...removals, ...missed]) {
      const claim = claims.get(key)
      if (claim === undefined) continue
      claims.delete(key)
      this.#unlink(claim, ids)
      const isStale = !removals.includes(key)
      gone.push({
        holder: claim.holder,
        ids: [...claim.wanted.keys()],
        exitCode: exits?.get(key),
        isStale,
      })
    }
    for (const candidate of upserts) {
      const { key, kind, name } = candidate
      const before = claims.get(key)
      if (before !== undefined) this.#unlink(before, ids)
      const holder = { source, key, kind, name }
      const claim = { holder, wanted: wantedOf(source, candidate, this.#options) }
      claims.set(key, claim)
      for (const id of claim.wanted.keys()) {
        ids.add(id)
        const others = this.#byId.get(id) ?? new Set()
        this.#byId.set(id, others.add(claim))
      }
    }
    if (isComplete) this.complete.add(source)
    return { ids, gone }
  }

  #unlink(claim: Claim, ids: Set<string>): void {
    for (const id of claim.wanted.keys()) {
      ids.add(id)
      const others = this.#byId.get(id)
      others?.delete(claim)
      if (others?.size === 0) this.#byId.delete(id)
    }
  }
}

function keysWithout(
  claims: ReadonlyMap<string, Claim>,
  upserts: readonly Candidate[],
): readonly string[] {
  const stay = new Set(upserts.map(({ key }) => key))
  return [...claims.keys()].filter((key) => !stay.has(key))
}
