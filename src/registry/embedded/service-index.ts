import type { Candidate } from '../../model/candidate.ts'
import type { Endpoint } from '../../model/endpoint.ts'
import type { Problem } from '../../model/problem.ts'
import type { Service } from '../../model/snapshot.ts'
import type { CandidateChange } from './merge.ts'

type Claim = { readonly endpoint: Endpoint; readonly candidate: Candidate }

/**
 * Endpoints by service, kept up to date change by change: the cost of one container's event follows
 * the size of its own service, not of the catalogue. Several candidates may claim one endpoint id;
 * the one that started first holds it, and the others are problems.
 */
export class ServiceIndex {
  /** By endpoint id, the holder first. */
  readonly #claims = new Map<string, Claim[]>()
  readonly #contested = new Set<string>()
  #services: ReadonlyMap<string, Service> = new Map()
  /** Endpoint ids whose holder may be another one than `#services` says, with that one. */
  #touched = new Map<string, Endpoint | undefined>()

  /** Notes the changes; services are built when they are asked for, so a burst builds them once. */
  apply(changes: readonly CandidateChange[]): void {
    const touch = (id: string): void => {
      if (!this.#touched.has(id)) this.#touched.set(id, this.#claims.get(id)?.[0]?.endpoint)
    }
    for (const { before, after } of changes) {
      for (const endpoint of before?.endpoints ?? []) {
        touch(endpoint.id)
        this.#withdraw(endpoint)
      }
      if (after === undefined) continue
      for (const endpoint of after.endpoints) {
        touch(endpoint.id)
        this.#claim({ endpoint, candidate: after })
      }
    }
  }

  /** The candidate whose endpoint of this id counts. */
  holder(id: string): Candidate | undefined {
    return this.#claims.get(id)?.[0]?.candidate
  }

  services(): ReadonlyMap<string, Service> {
    if (this.#touched.size > 0) this.#rebuild(this.#touched)
    this.#touched = new Map()
    return this.#services
  }

  problems(): readonly Problem[] {
    return [...this.#contested].flatMap((id) =>
      (this.#claims.get(id) ?? []).slice(1).map(({ candidate }) => duplicateProblem(id, candidate)),
    )
  }

  #withdraw(endpoint: Endpoint): void {
    const claims = this.#claims.get(endpoint.id)?.filter((each) => each.endpoint !== endpoint) ?? []
    if (claims.length === 0) this.#claims.delete(endpoint.id)
    else this.#claims.set(endpoint.id, claims)
    if (claims.length < 2) this.#contested.delete(endpoint.id)
  }

  #claim(claim: Claim): void {
    const claims = [...(this.#claims.get(claim.endpoint.id) ?? []), claim]
    claims.sort((a, b) => a.endpoint.startedAtMs - b.endpoint.startedAtMs)
    this.#claims.set(claim.endpoint.id, claims)
    if (claims.length > 1) this.#contested.add(claim.endpoint.id)
  }

  /** Replaces the services that lost, won or changed an endpoint; the others keep their objects. */
  #rebuild(touched: ReadonlyMap<string, Endpoint | undefined>): void {
    const gone = new Map<string, Set<string>>()
    const come = new Map<string, Endpoint[]>()
    for (const [id, before] of touched) {
      const now = this.#claims.get(id)?.[0]?.endpoint
      if (now === before) continue
      if (before !== undefined) entry(gone, before.service, () => new Set<string>()).add(id)
      if (now !== undefined) entry(come, now.service, () => []).push(now)
    }
    if (gone.size === 0 && come.size === 0) return
    const services = new Map(this.#services)
    for (const name of new Set([...gone.keys(), ...come.keys()])) {
      const left = services.get(name)?.endpoints.filter((each) => !gone.get(name)?.has(each.id))
      const endpoints = mergeSorted(left ?? [], (come.get(name) ?? []).sort(byId))
      if (endpoints.length === 0) services.delete(name)
      else services.set(name, { name, endpoints })
    }
    this.#services = services
  }
}

function entry<V>(map: Map<string, V>, key: string, make: () => V): V {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}

function mergeSorted(a: readonly Endpoint[], b: readonly Endpoint[]): readonly Endpoint[] {
  const merged: Endpoint[] = []
  let next = 0
  for (const endpoint of a) {
    for (let other = b[next]; other !== undefined && byId(other, endpoint) < 0; other = b[++next]) {
      merged.push(other)
    }
    merged.push(endpoint)
  }
  return [...merged, ...b.slice(next)]
}

function byId(a: Endpoint, b: Endpoint): number {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0
}

function duplicateProblem(id: string, candidate: Candidate): Problem {
  return {
    where: `${candidate.kind} ${candidate.name} on ${candidate.node}`,
    what: `another one already has the endpoint id ${id}; the one that started first keeps it`,
    hint: 'give Docker daemons of one name different ones with --docker NAME=URL, or set another SERVICE_ID',
  }
}
