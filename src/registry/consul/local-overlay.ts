import type { Candidate, Observation } from '../../model/candidate.ts'
import type { Endpoint } from '../../model/endpoint.ts'
import type { Decision } from '../../model/problem.ts'
import { merge, type CandidateChange, type Contents } from '../embedded/merge.ts'
import type { Entry } from './entry.ts'

/** A local candidate with the source that saw it. */
export type Local = { readonly source: string; readonly candidate: Candidate }

/** What this host's Docker makes of an entry. */
export type Assignment =
  /** Docker knows that it is not there, and Consul does not know it yet. */
  | { readonly kind: 'hidden' }
  /** It is this container; the endpoint is what both know of it. */
  | { readonly kind: 'local'; readonly local: Local; readonly endpoint: Endpoint }
  /** Docker here does not know it. */
  | { readonly kind: 'foreign' }

/** Who this host is in Consul. */
export type Identity = {
  /** Every `fairlead-owner` of what is registered from here; grows as Docker daemons say their names. */
  readonly owners: ReadonlySet<string>
  /** The node of the agent on this host; undefined while it is not known, or there is none. */
  readonly agentNode: () => string | undefined
  /** Sources whose first complete list makes the local knowledge complete; none: never. */
  readonly sources: readonly string[]
  /**
   * The addresses of this host's containers are known. Before, a container without endpoints says
   * nothing about what is registered of it. Undefined: always.
   */
  readonly isPlaced?: (() => boolean) | undefined
}

type Offer = { readonly local: Local; readonly endpoint: Endpoint }

/**
 * What the Docker daemons of this host say, beside what Consul says of the same containers. Docker's
 * own word counts at once; Consul's follows it.
 */
export class LocalOverlay {
  readonly #identity: Identity
  readonly #contents: Contents = new Map()
  readonly #complete = new Set<string>()
  readonly #byId = new Map<string, Offer>()
  readonly #byAddress = new Map<string, Offer>()
  /** Entries of containers that died, by key, with the index they had then. */
  readonly #buried = new Map<string, number>()

  #isDistrusted = false

  constructor(identity: Identity) {
    this.#identity = identity
  }

  get contents(): Contents {
    return this.#contents
  }

  /** Every source has given its first complete list: what it did not name is not there. */
  get isComplete(): boolean {
    const { sources } = this.#identity
    return (
      this.#isPlaced && sources.length > 0 && sources.every((source) => this.#complete.has(source))
    )
  }

  get #isPlaced(): boolean {
    return this.#identity.isPlaced?.() ?? true
  }

  /**
   * The machine was restarted since: where this host's containers are, Docker decides anew, and what
   * is registered of them says nothing until it has.
   */
  distrust(): void {
    this.#isDistrusted = true
  }

  /** Takes an observation; what changed of the candidates. `entriesOf` finds those of an endpoint. */
  accept(
    observation: Observation,
    entriesOf: (endpoint: Endpoint) => readonly Entry[],
  ): readonly CandidateChange[] {
    const changes = merge(this.#contents, observation)
    for (const { before, after } of changes) {
      const left = new Set(after?.endpoints.map(({ id }) => id))
      const gone = before?.endpoints.filter(({ id }) => !left.has(id)) ?? []
      const isDead = after === undefined || this.#isPlaced
      for (const endpoint of isDead ? gone : []) this.#bury(endpoint, entriesOf(endpoint))
      for (const endpoint of before?.endpoints ?? []) this.#forgetOffer(endpoint)
      if (after !== undefined) this.#offer({ source: observation.source, candidate: after })
    }
    if (observation.isComplete) this.#complete.add(observation.source)
    return changes
  }

  /** What an earlier run knew; it stands until the source's first complete list. */
  restore(source: string, candidates: ReadonlyMap<string, Candidate>): void {
    this.#contents.set(source, new Map(candidates))
    for (const candidate of candidates.values()) this.#offer({ source, candidate })
  }

  /** Drops what was restored of a source, without believing that its containers are gone. */
  forget(source: string): readonly Candidate[] {
    const candidates = [...(this.#contents.get(source)?.values() ?? [])]
    this.#contents.delete(source)
    for (const { endpoints } of candidates) for (const each of endpoints) this.#forgetOffer(each)
    return candidates
  }

  assign(entry: Entry): Assignment {
    const offer = this.#offerOf(entry)
    if (offer !== undefined && entry.endpoint !== undefined) {
      this.#buried.delete(entry.key)
      const isSame = entry.owner?.container === offer.local.candidate.key
      const endpoint = join(entry.endpoint, offer.endpoint, isSame || this.#isOwn(entry))
      return { kind: 'local', local: offer.local, endpoint }
    }
    if (this.#buried.get(entry.key) === entry.modifyIndex) return { kind: 'hidden' }
    this.#buried.delete(entry.key)
    const isKnown = this.isComplete || this.#isDistrusted
    return this.#isOwn(entry) && isKnown ? { kind: 'hidden' } : { kind: 'foreign' }
  }

  /** Consul has forgotten it, so there is nothing left to hide. */
  onGone(entry: Entry): void {
    this.#buried.delete(entry.key)
  }

  /** Registered by this host's fairlead; not by one on a host that happens to have the same name. */
  #isOwn({ owner, node }: Entry): boolean {
    if (owner === undefined || !this.#identity.owners.has(owner.owner)) return false
    return node === (this.#identity.agentNode() ?? node)
  }

  #offerOf(entry: Entry): Offer | undefined {
    const isHere = entry.node === this.#identity.agentNode()
    const named = this.#byId.get(entry.serviceId)
    if (named !== undefined) {
      const isSame = entry.owner?.container === named.local.candidate.key
      if (isSame || this.#isOwn(entry) || (isHere && entry.owner === undefined)) return named
    }
    // One of our own with another id is from before its container was renamed.
    if (!isHere || this.#isOwn(entry) || entry.endpoint === undefined) return undefined
    const placed = this.#byAddress.get(addressOf(entry.endpoint))
    const container = entry.owner?.container
    return container === undefined || container === placed?.local.candidate.key ? placed : undefined
  }

  #bury(endpoint: Endpoint, entries: readonly Entry[]): void {
    for (const entry of entries) {
      const offer = this.#offerOf(entry)
      if (offer?.endpoint === endpoint) this.#buried.set(entry.key, entry.modifyIndex)
    }
  }

  #offer(local: Local): void {
    for (const endpoint of local.candidate.endpoints) {
      this.#byId.set(endpoint.id, { local, endpoint })
      this.#byAddress.set(addressOf(endpoint), { local, endpoint })
    }
  }

  #forgetOffer(endpoint: Endpoint): void {
    if (this.#byId.get(endpoint.id)?.endpoint === endpoint) this.#byId.delete(endpoint.id)
    const address = addressOf(endpoint)
    if (this.#byAddress.get(address)?.endpoint === endpoint) this.#byAddress.delete(address)
  }
}

/** What entries of one address have in common. */
export function addressOf({ address, port, protocol }: Endpoint): string {
  return `${protocol} ${address} ${port}`
}

/**
 * One endpoint of what Consul and Docker say of it. What this host's fairlead registered is exactly
 * what Docker said some time ago, so Docker's newer word replaces the address as well; of somebody
 * else's registration the address is theirs.
 */
function join(consul: Endpoint, local: Endpoint, isOwn: boolean): Endpoint {
  const place = isOwn ? local : consul
  return {
    ...consul,
    address: place.address,
    port: place.port,
    exposedPort: local.exposedPort,
    protocol: local.protocol,
    labels: local.labels,
    ...worseHealth(consul, local),
    isHealthReported: consul.isHealthReported || local.isHealthReported,
    draining: local.draining ?? consul.draining,
    identity: isOwn ? local.identity : `${local.identity} ${consul.address}:${consul.port}`,
    startedAtMs: local.startedAtMs,
  }
}

const ranks = { passing: 0, warning: 1, critical: 2, maintenance: 3 } as const

function worseHealth(a: Endpoint, b: Endpoint): Pick<Endpoint, 'health' | 'healthReason'> {
  const { health, healthReason } = ranks[b.health] > ranks[a.health] ? b : a
  return { health, healthReason }
}

/**
 * A local candidate with what of its endpoints is in Consul. `isServedAnyway`: an endpoint that
 * Consul does not have, because it cannot be told now.
 */
export function localCandidate(
  { candidate }: Local,
  endpoints: readonly Endpoint[],
  isServedAnyway: (id: string) => boolean,
): Candidate {
  const missing = missingOf(candidate, endpoints)
  return {
    ...candidate,
    endpoints: [...endpoints, ...missing.filter(({ id }) => isServedAnyway(id))],
    decisions: [
      ...candidate.decisions,
      ...missing.map(({ id }): Decision => {
        if (!isServedAnyway(id)) {
          return { step: 'registered', outcome: 'stop', what: `${id} is not yet in Consul` }
        }
        const what = `${id} is not in Consul now; it is served here all the same`
        return { step: 'registered', outcome: 'note', what }
      }),
    ],
  }
}

/** Endpoints of a local candidate that are not among those that Consul has of it. */
export function missingOf(
  candidate: Candidate,
  endpoints: readonly Endpoint[],
): readonly Endpoint[] {
  const known = new Set(endpoints.flatMap((each) => [each.id, addressOf(each)]))
  return candidate.endpoints.filter((each) => !known.has(each.id) && !known.has(addressOf(each)))
}
