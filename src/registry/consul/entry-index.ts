import type { Endpoint } from '../../model/endpoint.ts'
import { saysTheSame, type Entry } from './entry.ts'
import { addressOf } from './local-overlay.ts'

/** What became of an entry with a new answer. */
export type EntryChange = { readonly before: Entry | undefined; readonly after: Entry | undefined }

/**
 * All entries of the catalogue, found by what the rest asks for. An instance that becomes one of
 * another service may for a while be in both, since each service is read by itself: Consul's newer
 * word counts.
 */
export class EntryIndex {
  readonly #byService = new Map<string, Map<string, Entry>>()
  /** The newest first. */
  readonly #byKey = new Map<string, readonly Entry[]>()
  readonly #byCandidate = new Map<string, Set<Entry>>()
  readonly #byServiceId = new Map<string, Set<Entry>>()
  readonly #byAddress = new Map<string, Set<Entry>>()

  services(): Iterable<string> {
    return this.#byService.keys()
  }

  ofService(service: string): ReadonlyMap<string, Entry> {
    return this.#byService.get(service) ?? new Map()
  }

  /** Those that count. */
  ofCandidate(key: string): readonly Entry[] {
    return [...(this.#byCandidate.get(key) ?? [])].filter((entry) => this.isNewest(entry))
  }

  /** Of whatever service. */
  newest(key: string): Entry | undefined {
    return this.#byKey.get(key)?.[0]
  }

  isNewest(entry: Entry): boolean {
    return this.newest(entry.key) === entry
  }

  /** Another service has it too. */
  isElsewhere({ key, service }: Entry): boolean {
    return this.#byKey.get(key)?.some((each) => each.service !== service) === true
  }

  /** Entries that may be this endpoint of a local candidate, by its id or by its address. */
  like(endpoint: Endpoint): readonly Entry[] {
    const named = this.#byServiceId.get(endpoint.id) ?? []
    const near = this.#byAddress.get(addressOf(endpoint)) ?? []
    return [...new Set([...named, ...near])].filter((entry) => this.isNewest(entry))
  }

  *all(): Generator<Entry> {
    for (const entries of this.#byService.values()) yield* entries.values()
  }

  /**
   * Replaces what a service has, and takes what is newer there from the service that had it before.
   * An entry that says the same as before keeps its endpoint object.
   */
  setService(service: string, entries: readonly Entry[]): readonly EntryChange[] {
    const before = this.ofService(service)
    const after = new Map<string, Entry>()
    const changes: EntryChange[] = []
    for (const entry of entries) {
      const known = before.get(entry.key)
      if (known !== undefined && saysTheSame(known, entry)) {
        if (known.modifyIndex === entry.modifyIndex) {
          after.set(entry.key, known)
          continue
        }
        const same = { ...entry, endpoint: known.endpoint }
        after.set(entry.key, same)
        changes.push({ before: known, after: same })
        continue
      }
      after.set(entry.key, entry)
      changes.push({ before: known, after: entry })
    }
    for (const [key, entry] of before) {
      if (!after.has(key)) changes.push({ before: entry, after: undefined })
    }
    if (after.size === 0) this.#byService.delete(service)
    else this.#byService.set(service, after)
    for (const change of changes) this.#reindex(change)
    const outdated = changes.flatMap(({ after: entry }) => this.#takeOutdated(entry))
    return [...changes, ...outdated]
  }

  #takeOutdated(newer: Entry | undefined): readonly EntryChange[] {
    const known = newer === undefined ? [] : (this.#byKey.get(newer.key) ?? [])
    return known.flatMap((before) => {
      const { service, key, modifyIndex } = before
      if (newer === undefined || service === newer.service) return []
      if (modifyIndex >= newer.modifyIndex) return []
      const others = this.#byService.get(service)
      if (others?.delete(key) === true && others.size === 0) this.#byService.delete(service)
      const change = { before, after: undefined }
      this.#reindex(change)
      return [change]
    })
  }

  #reindex({ before, after }: EntryChange): void {
    if (before !== undefined) {
      const left = this.#byKey.get(before.key)?.filter((each) => each !== before) ?? []
      if (left.length === 0) this.#byKey.delete(before.key)
      else this.#byKey.set(before.key, left)
      remove(this.#byCandidate, before.candidateKey, before)
      remove(this.#byServiceId, before.serviceId, before)
      if (before.endpoint) remove(this.#byAddress, addressOf(before.endpoint), before)
    }
    if (after === undefined) return
    const known = this.#byKey.get(after.key) ?? []
    const all = [...known, after].toSorted((a, b) => b.modifyIndex - a.modifyIndex)
    this.#byKey.set(after.key, all)
    add(this.#byCandidate, after.candidateKey, after)
    add(this.#byServiceId, after.serviceId, after)
    if (after.endpoint) add(this.#byAddress, addressOf(after.endpoint), after)
  }
}

function add(map: Map<string, Set<Entry>>, key: string, entry: Entry): void {
  const known = map.get(key)
  if (known === undefined) map.set(key, new Set([entry]))
  else known.add(entry)
}

function remove(map: Map<string, Set<Entry>>, key: string, entry: Entry): void {
  const known = map.get(key)
  if (known?.delete(entry) === true && known.size === 0) map.delete(key)
}
