import type { Endpoint } from '../../model/endpoint.ts'
import { saysTheSame, type Entry } from './entry.ts'
import { addressOf } from './local-overlay.ts'

/** What became of an entry with a new answer. */
export type EntryChange = { readonly before: Entry | undefined; readonly after: Entry | undefined }

/** All entries of the catalogue, found by what the rest asks for. */
export class EntryIndex {
  readonly #byService = new Map<string, ReadonlyMap<string, Entry>>()
  readonly #byCandidate = new Map<string, Set<Entry>>()
  readonly #byServiceId = new Map<string, Set<Entry>>()
  readonly #byAddress = new Map<string, Set<Entry>>()

  services(): Iterable<string> {
    return this.#byService.keys()
  }

  ofService(service: string): ReadonlyMap<string, Entry> {
    return this.#byService.get(service) ?? new Map()
  }

  ofCandidate(key: string): readonly Entry[] {
    return [...(this.#byCandidate.get(key) ?? [])]
  }

  /** Entries that may be this endpoint of a local candidate: by its id, or by its address. */
  like(endpoint: Endpoint): readonly Entry[] {
    const named = this.#byServiceId.get(endpoint.id) ?? []
    const near = this.#byAddress.get(addressOf(endpoint)) ?? []
    return [...new Set([...named, ...near])]
  }

  *all(): Generator<Entry> {
    for (const entries of this.#byService.values()) yield* entries.values()
  }

  /** Replaces what a service has. An entry that says the same as before keeps its endpoint object. */
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
    return changes
  }

  #reindex({ before, after }: EntryChange): void {
    if (before !== undefined) {
      remove(this.#byCandidate, before.candidateKey, before)
      remove(this.#byServiceId, before.serviceId, before)
      if (before.endpoint) remove(this.#byAddress, addressOf(before.endpoint), before)
    }
    if (after === undefined) return
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
