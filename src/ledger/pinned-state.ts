import { joinServers, ServerSectionReader } from '../haproxy/diff/with-servers.ts'
import type { ServerSection } from '../haproxy/diff/with-servers.ts'
import type { AdminState, DesiredState } from '../model/desired-state.ts'
import { FairleadError } from '../model/errors.ts'
import { isDigest } from '../model/file-digest.ts'
import { lazy } from '../support/lazy.ts'

/** A generation cannot be pinned. Codes of the table in model/errors.ts. */
export class PinError extends FairleadError {}

/** What to apply while a generation is pinned. */
export type PinnedState = {
  readonly desired: DesiredState
  /** Backends of the live state that the pinned one does not have: they get no requests. */
  readonly leftOut: ReadonlySet<string>
}

/**
 * Structure and settings of an earlier state, with the servers of the live one: all text but
 * `server` lines, and the maps, are the pinned ones; servers with their admin states are those that
 * the live state has in backends that are in both. A backend that is only in the pinned state has no
 * servers, since theirs were gone, and their addresses may be others' by now: it answers 503. One
 * that is only in the live state is left out.
 */
export class PinnedStructure {
  readonly #pinned: DesiredState
  readonly #sections: readonly ServerSection[]
  readonly #live = new ServerSectionReader()

  /** Throws PinError `config_syntax` where the pinned text depends on conditions (`.if`). */
  constructor(pinned: DesiredState) {
    this.#pinned = pinned
    this.#sections = readable(new ServerSectionReader().read(pinned), 'the pinned text')
  }

  /**
   * Throws PinError `config_syntax` where the live text depends on conditions, and `not_found` where
   * the two have no backend in common or a file of the pinned state is kept by no one.
   */
  withServersOf(live: DesiredState): PinnedState {
    const served = readable(this.#live.read(live), 'the text')
    const joined = joinServers(this.#sections, served, () => '')
    this.#requireKinship(served, joined.leftOut)
    const { sections } = joined
    const config = lazy(() => sections.join(''))
    return {
      leftOut: new Set(joined.leftOut),
      desired: {
        get config() {
          return config()
        },
        sections,
        files: this.#filesWith(live, served),
        servers: this.#statesOf(live),
      },
    }
  }

  /** A state in which nothing of what serves now would get a request is no earlier one of it. */
  #requireKinship(served: readonly ServerSection[], leftOut: readonly string[]): void {
    const serving = served.filter(({ servers }) => servers !== '')
    if (serving.length === 0 || leftOut.length < serving.length) return
    if (this.#sections.every(({ servers }) => servers === '')) return
    throw new PinError('not_found', 'it has no backend in common with what is there now', {
      hint: 'backends were called otherwise then, or all services are others',
    })
  }

  #statesOf(live: DesiredState): ReadonlyMap<string, AdminState> {
    const names = new Set(this.#sections.map(({ name }) => name))
    return new Map([...live.servers].filter(([key]) => names.has(key.slice(0, key.indexOf('/')))))
  }

  /** The pinned ones, and what server lines name; private keys were not kept and are the live ones. */
  #filesWith(live: DesiredState, served: readonly ServerSection[]): ReadonlyMap<string, string> {
    const files = new Map(this.#pinned.files)
    for (const [path, content] of files) {
      if (!isDigest(content)) continue
      const now = live.files.get(path)
      if (now === undefined) {
        throw new PinError('not_found', `${path} is not kept, since it holds a private key`)
      }
      files.set(path, now)
    }
    for (const [path, content] of live.files) {
      if (files.has(path)) continue
      if (served.some(({ servers }) => servers.includes(path))) files.set(path, content)
    }
    return files
  }
}

function readable<T>(sections: T | undefined, what: string): T {
  if (sections !== undefined) return sections
  throw new PinError('config_syntax', `${what} has conditions (.if), so its backends are not known`)
}
