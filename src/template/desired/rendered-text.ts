import { splitSections } from '../../haproxy/config/sections.ts'
import { ConfigSyntaxError } from '../../haproxy/config/syntax-error.ts'
import type { AdminState } from '../../model/desired-state.ts'
import type { Problem } from '../../model/problem.ts'
import { managedSection } from './additions.ts'
import type { ManagedSettings } from './additions.ts'
import { readSection, writeSection } from './rendered-section.ts'
import type { RenderedSection, ServerEdit } from './rendered-section.ts'
import { namesByAddress, uniqueNames } from './unique-names.ts'

/** One server of a rendered text, as HAProxy is to know it. */
export type LocatedServer = {
  readonly backend: string
  readonly server: string
  /** `10.0.0.1:80`, an IPv6 address without brackets; of other kinds of addresses as written. */
  readonly address: string
  /** The template says so. */
  readonly isDisabled: boolean
  /** Line of the text, from 1. */
  readonly line: number
  /** Where its line is changed. */
  readonly place: { readonly section: number; readonly index: number }
}

/** What is to be said of a server beside the template's words. */
export type ServerWish = {
  readonly admin: AdminState
  readonly weight: number | undefined
}

/** A rendered text that was read. */
export type RenderedText = {
  readonly servers: readonly LocatedServer[]
  readonly problems: readonly Problem[]
  /** Sections of what HAProxy gets, with these wishes; lines keep their numbers. */
  write(wishes: ReadonlyMap<LocatedServer, ServerWish>): readonly string[]
}

/** `names`: those that are not the template's, by the place of the server. */
type Read = { readonly section: RenderedSection; readonly names: readonly (string | undefined)[] }

/**
 * Reads rendered texts, one after the other. Sections that did not change are not read anew. A
 * server name that was once repeated in a backend stays one that is told apart by address, so that
 * servers keep their names while others come and go.
 */
export class RenderedTextReader {
  readonly #managed: ManagedSettings
  /** By backend: names that were given to several servers. */
  readonly #repeated = new Map<string, Set<string>>()
  #known = new Map<string, RenderedSection>()
  #written = new Map<string, string>()

  /** @param previous the text that HAProxy runs, as far as it is known. */
  constructor(managed: ManagedSettings, previous?: string) {
    this.#managed = managed
    for (const section of previous === undefined ? [] : splitSections(previous)) {
      const read = readSection(section)
      this.#remember(read.name, namesByAddress(read))
    }
  }

  /**
   * Throws ConfigSyntaxError; for a text without any section too: HAProxy alone refuses one, since
   * nothing listens then, but not with the control socket that is added.
   */
  read(text: string): RenderedText {
    const whole = text === '' || text.endsWith('\n') ? text : `${text}\n`
    const sections = splitSections(whole)
    if (!sections.some(({ keyword }) => keyword !== '')) {
      throw new ConfigSyntaxError(1, 'there is no section in it at all')
    }
    const known = new Map<string, RenderedSection>()
    const reads = sections.map((section): Read => {
      const found = known.get(section.text) ?? this.#known.get(section.text) ?? readSection(section)
      known.set(section.text, found)
      return { section: found, names: this.#namesIn(found) }
    })
    this.#known = known
    const added = managedSection(sections, this.#managed)
    return {
      servers: reads.flatMap((read, index) => located(read, index, sections[index]?.line ?? 1)),
      problems: reads.flatMap(({ section, names }) => repetition(section, names)),
      write: (wishes) => [...this.#write(reads, wishes), added],
    }
  }

  #namesIn(section: RenderedSection): readonly (string | undefined)[] {
    this.#remember(section.name, section.repeated)
    const repeated = this.#repeated.get(section.name)
    return repeated === undefined ? [] : uniqueNames(section, repeated)
  }

  #remember(backend: string, names: Iterable<string>): void {
    for (const name of names) {
      const all = this.#repeated.get(backend) ?? new Set()
      this.#repeated.set(backend, all.add(name))
    }
  }

  #write(reads: readonly Read[], wishes: ReadonlyMap<LocatedServer, ServerWish>): string[] {
    const edits = editsOf(reads, wishes)
    const written = new Map<string, string>()
    const texts = reads.map(({ section }, index) => {
      const own = edits.get(index)
      if (own === undefined) return section.text
      const key = `${section.text}\0${JSON.stringify([...own])}`
      const text = this.#written.get(key) ?? writeSection(section, own)
      written.set(key, text)
      return text
    })
    this.#written = written
    return texts
  }
}

function located({ section, names }: Read, index: number, start: number): readonly LocatedServer[] {
  return section.servers.map((server, place) => ({
    backend: section.name,
    server: names[place] ?? server.name,
    address: server.address.replace(/^ipv[46]@/, '').replaceAll(/[[\]]/g, ''),
    isDisabled: server.isDisabled,
    line: start + server.line,
    place: { section: index, index: place },
  }))
}

/** By section, then by the place of the server in it. */
function editsOf(
  reads: readonly Read[],
  wishes: ReadonlyMap<LocatedServer, ServerWish>,
): ReadonlyMap<number, ReadonlyMap<number, ServerEdit>> {
  const edits = new Map<number, Map<number, ServerEdit>>()
  const add = (section: number, index: number, edit: ServerEdit): void => {
    const own = edits.get(section) ?? new Map<number, ServerEdit>()
    edits.set(section, own.set(index, edit))
  }
  for (const [section, { names }] of reads.entries()) {
    for (const [index, name] of names.entries()) {
      if (name !== undefined) add(section, index, { name, isDisabled: false, weight: undefined })
    }
  }
  for (const [{ place }, { admin, weight }] of wishes) {
    const name = reads[place.section]?.names[place.index]
    add(place.section, place.index, { name, isDisabled: admin !== 'ready', weight })
  }
  return edits
}

/** One problem for each name that is not used as it stands. */
function repetition(
  { name: backend, servers }: RenderedSection,
  names: readonly (string | undefined)[],
): readonly Problem[] {
  const examples = new Map<string, string>()
  for (const [index, { name }] of servers.entries()) {
    const instead = names[index]
    if (instead !== undefined && !examples.has(name)) examples.set(name, instead)
  }
  return [...examples].map(([name, instead]) => ({
    where: `template, backend ${backend}`,
    what: `servers share the name ${name}, which HAProxy refuses; each is called by its address, too: ${instead}`,
    hint: 'give each server a name of its own, such as {{.Address}}:{{.Port}}',
  }))
}
