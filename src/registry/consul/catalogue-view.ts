import type { Candidate, Observation } from '../../model/candidate.ts'
import type { Endpoint } from '../../model/endpoint.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import { jsonOf, type CandidateChange } from '../embedded/merge.ts'
import { ServiceIndex } from '../embedded/service-index.ts'
import { candidateOf } from './entries-to-candidates.ts'
import type { Entry } from './entry.ts'
import { EntryIndex } from './entry-index.ts'
import {
  addressOf,
  localCandidate,
  missingOf,
  type Local,
  type LocalOverlay,
} from './local-overlay.ts'

/** Where an entry stands in the view: in one candidate, as this endpoint if it is one. */
type Place = {
  readonly entry: Entry
  readonly shownAs: string
  readonly endpoint: Endpoint | undefined
}

/**
 * The catalogue as everybody after the registry sees it: Consul's entries with what this host's
 * Docker knows of them. No input or output; the cost of a change follows the services it touches.
 */
export class CatalogueView {
  readonly #overlay: LocalOverlay
  readonly #entries = new EntryIndex()
  readonly #services = new ServiceIndex()
  /** What Consul says by itself, by candidate key: what is stored. */
  readonly #consul = new Map<string, Candidate>()
  /** By the key of the entry: of those of several services only one stands. */
  readonly #places = new Map<string, Place>()
  /** By candidate as shown. */
  readonly #members = new Map<string, Map<string, Entry>>()
  readonly #locals = new Map<string, Local>()
  readonly #shown = new Map<string, Candidate>()
  /** Consul cannot be asked, or has no leader that could take a registration. */
  #isAlone = false
  /**
   * Local endpoints that came meanwhile, or that Consul had and has lost: served until it has them
   * (again), or they end.
   */
  readonly #unregistered = new Set<string>()
  #revision = 0
  #snapshot: Snapshot | undefined

  constructor(overlay: LocalOverlay) {
    this.#overlay = overlay
  }

  get entries(): EntryIndex {
    return this.#entries
  }

  /** What Consul says by itself. */
  get consulCandidates(): Map<string, Candidate> {
    return this.#consul
  }

  /** Another one at every change of the snapshot. */
  get revision(): number {
    return this.#revision
  }

  snapshot(): Snapshot {
    this.#snapshot ??= {
      revision: this.#revision,
      services: this.#services.services(),
      candidates: [...this.#shown.values()],
      problems: this.#services.problems(),
    }
    return this.#snapshot
  }

  /** The candidate whose endpoint of this id counts. */
  holder(endpointId: string): Candidate | undefined {
    return this.#services.holder(endpointId)
  }

  /** False of what is known to be gone already, and of what another service has now. */
  canBeLost(entry: Entry | undefined): boolean {
    if (entry === undefined || this.#places.get(entry.key)?.entry !== entry) return false
    return !this.#entries.isElsewhere(entry)
  }

  /**
   * Replaces what Consul has of a service; an instance that was another's before is so no more.
   * Gives what changed of what is stored; empty: nothing.
   */
  setService(service: string, entries: readonly Entry[]): readonly CandidateChange[] {
    const changes = this.#entries.setService(service, entries)
    if (changes.length === 0) return []
    const touched = new Set<string>()
    const stored = new Set<string>()
    for (const { before, after } of changes) {
      const newest = this.#entries.newest((after ?? before)?.key ?? '')
      for (const each of [before, after, newest]) {
        if (each !== undefined) stored.add(each.candidateKey)
      }
      if (before !== undefined) this.#leave(before, newest !== undefined, touched)
      if (newest !== undefined) this.#place(newest, touched)
    }
    this.#show(touched)
    return this.#store(stored)
  }

  /** `isThere`: Consul has the instance still, changed or in another service. */
  #leave(entry: Entry, isThere: boolean, touched: Set<string>): void {
    if (!isThere) this.#keepLocal(entry)
    this.#unplace(entry, touched)
    if (!isThere) this.#overlay.onGone(entry)
  }

  /** Takes what a Docker daemon of this host says; what changed of its candidates. */
  acceptLocal(observation: Observation): readonly CandidateChange[] {
    const wasComplete = this.#overlay.isComplete
    const changes = this.#overlay.accept(observation, (endpoint) => this.#entries.like(endpoint))
    this.#followLocals(observation.source, changes)
    if (!wasComplete && this.#overlay.isComplete) this.#revisit([...this.#entries.all()], new Set())
    return changes
  }

  /** While Consul is away the containers of this host are served though it does not know them. */
  setAlone(isAlone: boolean): void {
    if (isAlone === this.#isAlone) return
    this.#isAlone = isAlone
    if (isAlone) this.#show(new Set(this.#locals.keys()))
  }

  /** As stored by an earlier run. */
  restoreLocal(source: string, candidates: ReadonlyMap<string, Candidate>): void {
    this.#overlay.restore(source, candidates)
    const changes = [...candidates.values()].map((after) => ({ before: undefined, after }))
    this.#followLocals(source, changes)
  }

  /** The candidates of a source that is not watched any more are nobody's; what was stored changes. */
  forgetLocal(source: string): readonly CandidateChange[] {
    const gone = this.#overlay.forget(source)
    const changes = gone.map((before) => ({ before, after: undefined }))
    this.#followLocals(source, changes)
    this.revisitAll()
    return changes
  }

  /** The agent's node became known: what is at its addresses may be this host's. */
  revisitAll(): void {
    this.#revisit([...this.#entries.all()], new Set())
  }

  #followLocals(source: string, changes: readonly CandidateChange[]): void {
    const touched = new Set<string>()
    const near = new Set<Entry>()
    for (const { before, after } of changes) {
      const key = localKey(source, (after ?? before)?.key ?? '')
      if (after === undefined) this.#locals.delete(key)
      else this.#locals.set(key, { source, candidate: after })
      touched.add(key)
      const left = new Set(after?.endpoints.map(({ id }) => id))
      for (const { id } of before?.endpoints ?? []) {
        if (!left.has(id)) this.#unregistered.delete(id)
      }
      for (const endpoint of [...(before?.endpoints ?? []), ...(after?.endpoints ?? [])]) {
        for (const entry of this.#entries.like(endpoint)) near.add(entry)
      }
    }
    this.#revisit(near, touched)
  }

  #revisit(entries: Iterable<Entry>, touched: Set<string>): void {
    for (const entry of entries) {
      this.#unplace(entry, touched)
      this.#place(entry, touched)
    }
    this.#show(touched)
  }

  /** Gives an entry its place, unless it has it, or a newer one of another service stands for it. */
  #place(entry: Entry, touched: Set<string>): void {
    if (!this.#entries.isNewest(entry)) return
    const standing = this.#places.get(entry.key)?.entry
    if (standing === entry) return
    if (standing !== undefined) this.#unplace(standing, touched)
    const assignment = this.#overlay.assign(entry)
    if (assignment.kind === 'hidden') return
    const place =
      assignment.kind === 'foreign'
        ? { entry, shownAs: foreignKey(entry), endpoint: entry.endpoint }
        : {
            entry,
            shownAs: localKey(assignment.local.source, assignment.local.candidate.key),
            endpoint: assignment.endpoint,
          }
    this.#places.set(entry.key, place)
    const members = this.#members.get(place.shownAs) ?? new Map<string, Entry>()
    this.#members.set(place.shownAs, members.set(entry.key, entry))
    touched.add(place.shownAs)
  }

  /** Consul has forgotten it; where Docker says that it runs it is served until it is registered again. */
  #keepLocal({ key }: Entry): void {
    const { shownAs = '', endpoint } = this.#places.get(key) ?? {}
    const local = this.#locals.get(shownAs)
    if (local === undefined || endpoint === undefined) return
    const isIt = (each: Endpoint): boolean =>
      each.id === endpoint.id || addressOf(each) === addressOf(endpoint)
    for (const each of local.candidate.endpoints.filter(isIt)) this.#unregistered.add(each.id)
  }

  #unplace(entry: Entry, touched: Set<string>): void {
    const place = this.#places.get(entry.key)
    if (place?.entry !== entry) return
    this.#places.delete(entry.key)
    touched.add(place.shownAs)
    const members = this.#members.get(place.shownAs)
    if (members?.delete(entry.key) === true && members.size === 0) {
      this.#members.delete(place.shownAs)
    }
  }

  /** Builds the touched candidates anew; those that come out the same keep their object. */
  #show(touched: ReadonlySet<string>): void {
    const changes: CandidateChange[] = []
    for (const key of touched) {
      const change = replace(this.#shown, key, this.#candidate(key))
      if (change !== undefined) changes.push(change)
    }
    if (changes.length === 0) return
    this.#services.apply(changes)
    this.#revision++
    this.#snapshot = undefined
  }

  #candidate(key: string): Candidate | undefined {
    const members = [...(this.#members.get(key)?.values() ?? [])]
    const local = this.#locals.get(key)
    if (local !== undefined) {
      const endpoints = members.flatMap((each) => this.#places.get(each.key)?.endpoint ?? [])
      const missing = missingOf(local.candidate, endpoints)
      for (const { id } of endpoints) this.#unregistered.delete(id)
      if (this.#isAlone) for (const { id } of missing) this.#unregistered.add(id)
      return localCandidate(local, endpoints, (id) => this.#unregistered.has(id))
    }
    return members.length === 0 ? undefined : candidateOf(members)
  }

  #store(keys: ReadonlySet<string>): readonly CandidateChange[] {
    return [...keys].flatMap((key) => {
      const entries = this.#entries.ofCandidate(key)
      const after = entries.length === 0 ? undefined : candidateOf(entries)
      return replace(this.#consul, key, after) ?? []
    })
  }
}

function replace(
  candidates: Map<string, Candidate>,
  key: string,
  after: Candidate | undefined,
): CandidateChange | undefined {
  const before = candidates.get(key)
  if (after === undefined) {
    candidates.delete(key)
    return before === undefined ? undefined : { before, after }
  }
  if (before !== undefined && jsonOf(before) === jsonOf(after)) return undefined
  candidates.set(key, after)
  return { before, after }
}

function localKey(source: string, key: string): string {
  return `local ${source} ${key}`
}

function foreignKey(entry: Entry): string {
  return `consul ${entry.candidateKey}`
}
